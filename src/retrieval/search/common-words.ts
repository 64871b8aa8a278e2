import { isName } from "../extraction/table-header";
import type { Language } from "./language";

/**
 * Words that are in questions about any subject, by the language that they are stemmed in. An answer often has them in
 * another form: the colour of a barn is red, and who may keep a dog is told that dogs are allowed.
 */
const words: Readonly<Record<string, string>> = {
  english: `able add ago answer anyone apply arrive ask available away bad become begin belong best big bring buy call cause change cheap
    cheapest choose close come contain contact cool cost count current deal decide different difference do earliest early easy exist expect
    expensive far fast fee final find first free full get give go good great happen hard heavy help high hold include inside keep kind large
    last late latest leave left less let like list little live long look lose low main make maximum minimum mean meet money more move much must
    name near necessary need new next offer often old open order own part pay people permit permitted person plan possible put quick reach
    real receive regular require required right run same say see send serve set short show similar sit small soon sort spend stand start stay
    stop strong supposed take tall tell thing think time total try turn type use usual usually visit wait want way when whole wide will wish
    work write wrong year today tomorrow yesterday`,
  german: `abgeben ändern anfangen ankommen arbeiten bekommen beginnen bekannt benötigen benutzen besuchen bezahlen bleiben brauchen bringen
    dauern dürfen enden erhalten erlauben erlaubt erste fahren fallen frei ganz geben gehen gehören genau gesperrt groß gut haben halten heißen
    helfen hoch holen kaufen klein kommen können kosten kostet kurz lange lassen laufen legen leisten letzte liegen machen möglich müssen
    nächste nehmen neu nötig nutzen oft öffnen passieren richtig sagen schließen schnell sehen setzen sitzen sollen spät stehen stellen suchen
    teuer tun verboten verkaufen verwenden viel warten welche werden wollen zahlen zeigen zeit geld heute morgen gestern leute mensch name
    kommt geht liegt steht bleibt braucht brauche bekomme bekommt beginnt endet darf kann muss dauert gehört zahlt soll stellt macht arbeitet fährt`,
  french: `aller appeler apporter arriver attendre avoir commencer commander cher combien coûter demander dernier devoir donner durer écrire
    être faire falloir fermer finir grand gratuit habiter heure jour laisser lieu long maximum mettre minimum moment montrer nouveau ouvrir
    partir passer payer payant petit pouvoir premier prendre prochain quitter recevoir rendre rester savoir servir sortir souvent tenir temps
    trouver trouve utiliser valoir venir voir vouloir matin aujourd'hui demain hier gens personne`,
  spanish: `abrir acabar alcanzar año buscar caro cerrar comenzar comprar costar cuesta dar deber decir dejar durar empezar encontrar encuentra
    enviar estar frecuencia ganar gente gratis grande haber hacer hora ir largo llamar llama llegar lugar llevar máximo mínimo momento mostrar
    necesitar nuevo pagar parte pasar pedir pequeño persona poder poner primer primero próximo quedar querer recibir saber salir seguir ser
    servir sirve tener tiempo tomar trabajar último usar utilizar venir ver vivir hoy mañana ayer`,
  russian: `быть взять видеть время вход выйти говорить год давать дать делать день деньги другой есть ждать жить закрыть знать идти иметь
    использовать купить люди место мочь надо назвать называться находиться находится начать нельзя новый нужный открыть платить показать
    получить последний первый пойти получать прийти работать разрешено раз самый следующий смочь сделать стоить стоит стоять узнать хотеть
    человек час часто сегодня завтра вчера`,
};

const stemsOf = new Map<string, ReadonlySet<string>>();

/** Whether a word tells little of what a question is about: it is common, or names a property of many things. */
export function isCommon(word: string, { name, stem }: Language): boolean {
  let stems = stemsOf.get(name);
  if (stems === undefined) {
    stems = new Set((words[name] ?? "").split(/\s+/).filter(Boolean).map(stem));
    stemsOf.set(name, stems);
  }
  return stems.has(stem(word.toLowerCase())) || isName(word);
}
