import { docx, odt, pptx, xlsx } from "../../support/office";
import { mail, type CorpusDocument } from "./formats";

export const otherDocuments: readonly CorpusDocument[] = [
  {
    id: "hausordnung.txt",
    content: `Hausordnung

Die Nachtruhe gilt von 22 Uhr bis 6 Uhr. Musik ist in dieser Zeit nur in Zimmerlautstärke erlaubt.
Der Müll wird jeden Dienstag abgeholt. Die gelben Säcke liegen im Keller bereit.
Fahrräder gehören in den Schuppen im Hof. Im Treppenhaus dürfen keine Schuhe stehen.
Der Hausmeister heißt Herr Kowalski. Er ist unter der Nummer 0341 5550 erreichbar.
Das Grillen auf den Balkonen ist verboten. Die Waschküche darf sonntags nicht benutzt werden.`,
  },
  {
    id: "vertrag.docx",
    content: docx([
      "# Arbeitsvertrag",
      "Die Probezeit beträgt sechs Monate. Das Bruttogehalt beläuft sich auf 4.150 Euro im Monat.",
      "# Urlaub",
      "Der Urlaubsanspruch beträgt 30 Tage im Kalenderjahr.",
      "# Kündigung",
      "Die Kündigungsfrist beträgt vier Wochen zum Monatsende. Die Kündigung bedarf der Schriftform.",
      "# Nebentätigkeit",
      "Nebentätigkeiten müssen vorher genehmigt werden. Arbeitsort ist Dresden.",
    ]),
  },
  {
    id: "preise.csv",
    // As spreadsheets in German write it.
    content: Buffer.from(
      "Preisliste Gärtnerei Blum\r\n\r\nPflanze;Topfgröße;Preis;Blütezeit\r\nLavendel;12 cm;4,50 €;Juni bis August\r\nRosmarin;14 cm;5,20 €;März bis Mai\r\nHortensie;19 cm;17,90 €;Juli bis September\r\nSonnenhut;15 cm;6,80 €;August bis Oktober\r\n".replaceAll(
        "€",
        "\u0080",
      ),
      "latin1",
    ),
  },
  {
    id: "verein.md",
    content: `Schachverein Turm
=================

Der Verein wurde 1954 gegründet. Er hat 83 Mitglieder.

Training
--------

Das Training findet jeden Donnerstag um 19 Uhr im Gemeindehaus statt. Kinder üben am Samstagvormittag.

Beitrag
-------

Der Jahresbeitrag für Erwachsene liegt bei 60 Euro. Jugendliche zahlen 25 Euro.
Den Vorsitz hat Frau Doktor Lindner.
`,
  },
  {
    id: "anfrage.eml",
    content: mail(
      "Lieferverzögerung Auftrag 7731",
      `Sehr geehrte Frau Albers,

leider verzögert sich die Lieferung der Küchenmöbel bis zum 4. Juli.
Der Grund ist ein Brand im Sägewerk. Die Arbeitsplatte aus Eiche wird kostenlos ausgetauscht.
Als Entschädigung erhalten Sie einen Gutschein über 150 Euro.

Mit freundlichen Grüßen
Möbelhaus Krone`,
    ),
  },
  {
    id: "gite.html",
    content: `<h2>Gîte du Moulin</h2><p>Le gîte accueille huit personnes dans quatre chambres.</p><p>La piscine est chauffée de mai à septembre.</p>
<p>Les animaux sont acceptés contre un supplément de 5 euros par nuit.</p><ul><li>Arrivée à partir de 16 heures</li><li>Départ avant 10 heures</li></ul>
<p>La gare la plus proche se trouve à Cahors. Le propriétaire s'appelle Gérard Lacombe.</p>`,
  },
  {
    id: "reglement.odt",
    content: odt(`<text:h text:outline-level="1">Règlement de la bibliothèque</text:h>
      <text:p>L'inscription est gratuite pour les habitants de la commune.</text:p>
      <text:p>Chaque lecteur peut emprunter six livres pendant trois semaines.</text:p>
      <text:p>Un retard coûte dix centimes par jour et par livre.</text:p>
      <text:p>Les dictionnaires ne peuvent pas sortir de la salle de lecture.</text:p>
      <text:p>La bibliothèque est fermée le mercredi matin.</text:p>`),
  },
  {
    id: "commandes.xlsx",
    content: xlsx({
      Commandes: [
        ["Client", "Produit", "Quantité", "Ville"],
        ["Boulangerie Petit", "Farine de seigle", 40, "Nantes"],
        ["Hôtel Bellevue", "Draps de lin", 120, "Annecy"],
        ["Café du Port", "Tasses en porcelaine", 75, "Brest"],
      ],
    }),
  },
  {
    id: "garantia.txt",
    content: `Garantía de la bicicleta eléctrica

El cuadro tiene una garantía de diez años. La batería está cubierta durante dos años o 600 cargas.
Los neumáticos y los frenos quedan excluidos de la garantía.
El cliente debe llevar la bicicleta a un taller autorizado una vez al año.
La velocidad máxima con asistencia es de 25 kilómetros por hora.
El cargador no debe utilizarse bajo la lluvia.`,
  },
  {
    id: "curso.pptx",
    content: pptx([
      { title: "Curso de cerámica", paragraphs: ["El curso dura ocho semanas.", "La profesora es Lucía Montero."] },
      {
        title: "Material",
        paragraphs: ["Cada alumno recibe diez kilos de arcilla.", "El horno alcanza 1.200 grados."],
      },
      {
        title: "Precio",
        paragraphs: ["La matrícula cuesta 180 euros.", "Los desempleados tienen un descuento del 40 por ciento."],
      },
    ]),
  },
  {
    id: "pueblo.json",
    content: JSON.stringify({
      municipio: "Valdeluna",
      habitantes: 3120,
      alcaldesa: "Carmen Ibarra",
      fiestas: [
        { nombre: "Fiesta del vino", mes: "octubre" },
        { nombre: "Feria del queso", mes: "abril" },
      ],
      altitud: "870 metros",
    }),
  },
  {
    id: "ryokan.txt",
    content: `旅館のご案内

チェックインは午後三時からです。チェックアウトは午前十時までにお願いします。
朝食は七時から九時まで一階の食堂で出します。夕食は部屋で出します。
露天風呂は夜十一時に閉まります。入れ墨のある方も入浴できます。
駅から無料の送迎バスがあります。駐車場は一泊五百円です。
ペットは泊まれません。`,
  },
  {
    id: "kaigi.docx",
    content: docx([
      "# 会議の記録",
      "新製品の発売日は六月一日に決まりました。広告の予算は三百万円です。",
      "工場は名古屋に移転します。責任者は佐藤さんです。",
      "次の会議は来週の金曜日に大阪で開きます。",
    ]),
  },
  {
    id: "dacha.md",
    content: `# Правила садового товарищества

Членский взнос составляет 8000 рублей в год. Взнос оплачивается до первого мая.

## Вода

Воду для полива подают с шести до девяти часов вечера. За скважину отвечает Сергей Петрович.

## Собаки и мусор

Собак выгуливают только на поводке. Контейнеры для мусора стоят у ворот.
Костры разрешены только осенью. Скорость на дорогах ограничена двадцатью километрами в час.
`,
  },
  {
    id: "apteka.csv",
    content: Buffer.from(
      [
        ...`Лекарство;Цена;Срок годности;Хранение\nАспирин;85 руб;24 месяца;комнатная температура\nИнсулин;1450 руб;30 месяцев;холодильник\nСироп от кашля;210 руб;18 месяцев;тёмное место\n`,
      ].map((character) => {
        const code = character.codePointAt(0) ?? 0;
        if (character === "ё") return 0xb8;
        return code >= 0x410 ? code - 0x350 : code;
      }),
    ),
  },
  {
    id: "zhinan.html",
    content: `<html><body><h1>图书馆指南</h1><p>图书馆每天早上八点开门，晚上九点关门。</p><p>每人最多可以借五本书，期限为四个星期。</p>
<p>逾期每天罚款两角。</p><p>自习室在三楼，需要提前预约。</p><p>馆内禁止饮食，但是可以带水。</p></body></html>`,
  },
];
