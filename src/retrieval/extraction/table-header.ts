/** Words that name a column or a property, in the languages that most tables are written in. */
const nameWords = new Set(
  `id ids no nr number key code sku ref reference type kind category class group tag tags name names first last firstname lastname
  surname title label description comment comments note notes remark remarks text question answer subject status state stage priority
  date day month year quarter week time start end from to until since created updated due deadline duration hours
  city town country region state province county area address street zip postcode plz location place site office room floor
  email mail phone telephone mobile fax url link website web
  person user customer client supplier vendor owner author manager contact employee staff team department company organisation organization
  product item article model brand size colour color height width length depth weight material version
  price cost amount total sum count quantity qty units unit value values currency tax vat discount rate share percent revenue sales budget balance salary
  age sex gender birthday language role position level grade score rank
  setting settings option parameter property field column default
  nummer art typ kategorie bezeichnung beschreibung bemerkung titel vorname nachname datum tag monat jahr quartal uhrzeit zeit beginn ende dauer
  stadt ort land bundesland straße strasse anschrift adresse telefon handy abteilung firma kunde lieferant mitarbeiter
  produkt artikel marke größe groesse farbe höhe breite länge gewicht preis kosten betrag summe menge anzahl einheit wert umsatz
  frage antwort zuständig raum zimmer etage sprache alter
  nom prénom prenom titre catégorie date jour mois année ville pays région adresse rue téléphone courriel produit article marque taille couleur
  hauteur largeur poids prix coût montant quantité unité valeur service responsable client fournisseur début fin durée remarque
  nombre apellido título categoría fecha día mes año ciudad país región dirección calle teléfono correo producto artículo marca tamaño color
  altura anchura peso precio coste importe cantidad unidad valor departamento responsable cliente proveedor inicio fin duración observaciones
  nome cognome titolo data giorno mese anno città paese prodotto prezzo importo quantità cor preço quantidade cidade
  naam datum stad land prijs aantal straat
  имя фамилия название дата день месяц год город страна адрес улица телефон почта товар продукт цвет размер высота ширина вес цена стоимость
  сумма количество единица значение отдел должность клиент статус
  名前 氏名 名称 日付 日 月 年 都市 市 国 住所 電話 電話番号 商品 商品名 製品 色 サイズ 高さ 幅 重さ 価格 値段 金額 合計 数量 個数 単位 部署 担当 担当者 備考 番号
  姓名 日期 城市 国家 地区 地址 电话 产品 产品名称 颜色 尺寸 高度 宽度 重量 价格 金额 数量 单位 部门 负责人 备注 编号 類型 类型`
    .split(/\s+/)
    .filter(Boolean),
);

const maxNameChars = 64;

/** A number, a date, a time, an amount, an address of the Web or of mail, or a value of one letter and digits. */
const dataCell =
  /^(?:[+\-–]?[€$£¥]? ?[+\-–]?\d[\d.,:/\-– ]*(?:[%°€$£¥h]|[a-zµ]{1,4}\d?)?|\d{4}-\d\d-\d\d[T ].{0,30}|https?:\/\/\S*|[^\s@]{1,64}@[^\s@]{1,255}|true|false|yes|no|null|n\/a|-)$/i;

export const isData = (cell: string): boolean => dataCell.test(cell.trim().slice(0, 400));

/** Whether a cell is a year or a date, of which a table may have a column each. */
const isPeriod = (cell: string): boolean =>
  /^(?:(?:19|20)\d\d(?:-\d\d){0,2}|\d{1,2}[./]\d{1,2}[./](?:19|20)\d\d)$/.test(cell.trim());

const wordsOf = (cell: string): string[] =>
  cell
    .replace(/(?<=\p{Ll})(?=\p{Lu})/gu, " ")
    .toLowerCase()
    .split(/[^\p{L}\p{N}\p{M}]+/u)
    .filter(Boolean);

const isNameWord = (word: string): boolean => nameWords.has(word) || nameWords.has(word.replace(/s$/, ""));

/** Whether a cell has a word that names columns. */
export const isName = (cell: string): boolean => wordsOf(cell).some(isNameWord);

/** Small words and units, which names of columns have too. */
const besideNames = new Set(
  `of in per by at on the and or de del du des la le der die das und von pro e o y et total unit net gross max min avg average
  kg g t m cm mm km l ml h s eur usd gbp chf`.split(/\s+/),
);

/** Whether a cell is the name of a column as a whole: `Price Ltd` and `City tour` are values. */
export function isWholeName(cell: string): boolean {
  const words = wordsOf(cell);
  return (
    words.some(isNameWord) && words.every((word) => isNameWord(word) || besideNames.has(word) || /^\d+$/.test(word))
  );
}

/** Names of columns that no column has as a value. */
const certainNames = new Set(
  "id name date datum nom nombre nome naam имя дата 名前 氏名 姓名 日期 日付 email".split(" "),
);
const isCertainName = (cell: string): boolean => certainNames.has(cell.toLowerCase());
const minNameShare = 0.5;

/** Whether cells name columns by their words alone. One word of a name may be a value: a person called Price. */
const areNames = (named: readonly string[]): boolean =>
  named.some(isCertainName) || named.filter(isWholeName).length >= named.length * minNameShare;

/** The share of the cells below a name that must be of another kind than the name. */
const minContrast = 0.6;

/** A column of texts has a shorter name. */
const minLengthRatio = 3;

/**
 * Whether a row holds the names of the columns of the rows below, and not values like theirs.
 *
 * @param below the first rows below it
 */
export function isHeaderOf(cells: readonly string[], below: readonly (readonly string[])[]): boolean {
  const names = cells.map((cell) => cell.trim());
  const named = names.filter((name) => name !== "");
  if (named.length < Math.max(1, names.length / 2) || below.length === 0) return false;
  const long = named.filter((name) => name.length > maxNameChars || name.includes("\n"));
  if (long.length >= named.length / 2) return false;
  const columns = names.map((_, i) => below.map((row) => row[i]?.trim() ?? "").filter((cell) => cell !== ""));
  if (isListOfProperties(names, columns)) return false;
  const periods = named.filter(isPeriod);
  const arePeriods = periods.length > 1 && new Set(periods).size === periods.length && !columns.flat().some(isPeriod);
  if (named.some((name) => isData(name) && !(arePeriods && isPeriod(name)))) return false;
  if (arePeriods) return true;
  const isRepeated = names.some((name, i) => name !== "" && (columns[i] ?? []).includes(name));
  if (isRepeated) return false;
  return areNames(named) || names.some((name, i) => name !== "" && differs(name, columns[i] ?? []));
}

/** Whether the values of a column are of another kind than its name: data, with digits, or much longer. */
function differs(name: string, values: readonly string[]): boolean {
  if (values.length === 0) return false;
  const share = (is: (value: string) => boolean) => values.filter(is).length / values.length;
  if (!/\d/.test(name) && share((value) => /\d/.test(value)) >= minContrast) return true;
  const length = values.reduce((sum, value) => sum + value.length, 0) / values.length;
  return length > 20 && length > name.length * minLengthRatio;
}

/**
 * Whether columns hold properties and their values, which have no header: the first column names what the second one has,
 * and the second one is of several kinds. A third one, which the first row has not, is for a unit or a remark.
 */
export function isListOfProperties(names: readonly string[], columns: readonly (readonly string[])[]): boolean {
  const [labels = [], values = []] = columns;
  const [label = "", value = "", ...others] = names;
  if (label === "" || value === "" || isName(value) || labels.length === 0) return false;
  if (new Set([label, ...labels]).size <= labels.length) return false;
  const areLabels = ![label, ...labels].some((each) => isData(each) || each.length > maxNameChars);
  if (!areLabels) return false;
  if (others.length > 0) return !others.some(Boolean) && [label, ...labels].filter(isWholeName).length > 1;
  const named = [label, ...labels].filter(isName).length;
  // A row alone below another is as well one of a table with a header, but then nothing is lost if it has none.
  const isAlone = labels.length === 1 && !isData(value) && values.some((each) => isData(each));
  if (isAlone && !isCertainName(label)) return true;
  // A column of numbers alone is one of a table, unless its rows are named as properties are.
  const isUniform = values.every((each) => isData(each)) || !values.some((each) => isData(each));
  return named > 1 || (named === 1 && !isName(label)) || (!isUniform && !isName(label));
}
