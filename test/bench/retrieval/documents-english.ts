import { docx, odt, pptx, xlsx } from "../../support/office";
import { mail, pdf, type CorpusDocument } from "./formats";

/** Documents as people upload them: short, in any format, each about a subject of its own. */
export const englishDocuments: readonly CorpusDocument[] = [
  {
    id: "returns.txt",
    content: `Returns and refunds

You may send an item back within 30 days of delivery. Unused goods are refunded in full. Used goods are refunded at half their price.
Return parcels are free within the European Union. Customers elsewhere pay the postage themselves.
Gift cards cannot be exchanged for cash. Sale items are excluded from refunds.
The money reaches your bank account within five working days after we have received the parcel.`,
  },
  {
    id: "handbook.md",
    content: `# Employee handbook

## Working hours

The office is open from 7 am to 8 pm. Core time is from 10 am to 3 pm.
You may work from home on three days a week.

## Holidays

Every employee has 28 days of paid leave a year. Unused days expire at the end of March.
Requests for leave go to your team lead at least two weeks ahead.

## Sick leave

Call your team lead before 9 am if you are ill. A doctor's certificate is needed from the third day of illness.

## Travel

| Country | Daily allowance | Hotel limit |
| --- | --- | --- |
| Norway | 65 EUR | 180 EUR |
| Portugal | 38 EUR | 110 EUR |
| Japan | 57 EUR | 160 EUR |

Trains are preferred for journeys under five hours. Receipts must be handed in within ten days.
`,
  },
  {
    id: "museum.html",
    content: `<!doctype html><html><head><title>Harbour museum</title></head><body><nav><a href="/">Home</a></nav>
<h1>Harbour museum</h1><p>The museum shows two centuries of shipping. It was founded in 1911 by the captain Olaf Berg.</p>
<h2>Visiting</h2><table><tr><th>Day</th><th>Opens</th><th>Closes</th></tr><tr><td>Monday</td><td colspan="2">closed</td></tr>
<tr><td>Saturday</td><td>10:00</td><td>20:00</td></tr><tr><td>Sunday</td><td>11:00</td><td>17:00</td></tr></table>
<dl><dt>Adult ticket</dt><dd>14 EUR</dd><dt>Children under 12</dt><dd>free</dd><dt>Guided tour</dt><dd>90 minutes, 8 EUR</dd></dl>
<p>Photography is allowed without flash. Dogs must stay outside, except guide dogs.</p>
<p>Wheelchairs can be borrowed at the cloakroom. The lighthouse is not accessible for wheelchairs.</p></body></html>`,
  },
  {
    id: "staff.csv",
    content: `Name,Department,Phone extension,Office,Start date
Amelia Hart,Accounting,4411,B12,2019-04-01
Jonas Wieland,Legal,4427,C03,2021-09-15
Priya Raman,Engineering,4438,A20,2017-02-06
Tomasz Nowak,Marketing,4452,B07,2023-01-09
Grace Okafor,Engineering,4460,A22,2020-11-23
`,
  },
  {
    id: "config.json",
    content: JSON.stringify({
      service: "parcel-tracker",
      maxUploadMegabytes: 25,
      session_timeout_minutes: 45,
      retryPolicy: { maxAttempts: 6, initialDelaySeconds: 2 },
      database: { host: "db-north.example.net", port: 5433, poolSize: 40 },
      features: { darkMode: true, betaSearch: false },
      supportContact: "helpdesk@parcel.example.com",
    }),
  },
  {
    id: "sensors.jsonl",
    content: [
      ["greenhouse-1", 24.5, 61],
      ["greenhouse-2", 26.1, 58],
      ["cellar", 11.2, 83],
      ["rooftop", -3.4, 40],
      ["barn-east", 9.8, 72],
    ]
      .map(([station, temperature, humidity]) => JSON.stringify({ station, temperature, humidity, battery: "ok" }))
      .join("\n"),
  },
  {
    id: "gateway.log",
    content: `2026-03-02T08:00:01Z INFO scheduler started workers=8
2026-03-02T08:04:11Z INFO backup finished duration=212s size=4.2GB
2026-03-02T08:15:40Z WARN disk usage at 91 percent volume=/data
2026-03-02T08:21:09Z ERROR certificate of mail.example.org expired
2026-03-02T08:21:10Z INFO request served path=/health
2026-03-02T08:47:33Z ERROR login failed user=marlow reason=wrong_password attempts=5
2026-03-02T08:47:34Z WARN account locked user=marlow
2026-03-02T09:02:00Z INFO request served path=/invoices
2026-03-02T09:12:58Z ERROR out of memory process=thumbnailer
`,
  },
  {
    id: "lease.pdf",
    content: pdf([
      [
        "Lease of the flat at 17 Canal Street",
        "The landlord is Mrs Edith Vance.",
        "The tenant is Mr Leo Brandt.",
        "The monthly rent is 1,240 EUR and is due on the third working day.",
        "The deposit amounts to three monthly rents.",
      ],
      [
        "Either party may end the lease with three months' notice.",
        "Pets need the written consent of the landlord.",
        "The tenant paints the walls white before moving out.",
        "Two parking spaces in the yard belong to the flat.",
      ],
    ]),
  },
  {
    id: "manual.pdf",
    content: pdf([
      [
        "Coffee machine Aroma 300",
        "Fill the tank with fresh water up to the mark.",
        "Descale the machine every two months.",
        "The red lamp blinks if the water tank is empty.",
        "Do not use milk in the steam nozzle for longer than ten seconds.",
      ],
      [
        "The warranty covers 24 months from the date of purchase.",
        "The machine draws 1450 watts.",
        "Spare filters have the order number AF-77.",
        "It switches itself off after 30 minutes without use.",
      ],
    ]),
  },
  {
    id: "minutes.docx",
    content: docx([
      "# Minutes of the board meeting",
      "The board met on 12 May 2026 in Leeds. Present were Harriet Cole, Samir Aziz and Wendy Lund.",
      "# Budget",
      "The budget for advertising rises to 80,000 pounds. Samir Aziz voted against it.",
      "# Premises",
      "The warehouse in Hull will be sold before the end of the year. A new warehouse is to be rented near Sheffield.",
      "# Next meeting",
      "The board meets again on 9 September in York.",
    ]),
  },
  {
    id: "recipe.docx",
    content: docx([
      "# Lentil soup",
      "The recipe serves six people. Soak 400 g of brown lentils overnight.",
      "Fry two onions and three carrots in olive oil. Add a litre of vegetable stock and simmer for 35 minutes.",
      "Season with cumin, lemon juice and a pinch of chilli. The soup keeps in the fridge for four days.",
      "Serve with flat bread. Coeliacs should replace the bread by rice.",
    ]),
  },
  {
    id: "stock.xlsx",
    content: xlsx({
      Warehouse: [
        ["Article", "Supplier", "Units in stock", "Unit price EUR"],
        ["Garden hose", "Rivera Ltd", 140, 19.5],
        ["Wheelbarrow", "Kettner AG", 23, 84],
        ["Pruning shears", "Rivera Ltd", 310, 12.9],
        ["Rain barrel", "Oakline", 58, 47.25],
      ],
      Delivery: [
        ["Supplier", "Lead time days"],
        ["Rivera Ltd", 9],
        ["Kettner AG", 21],
        ["Oakline", 5],
      ],
    }),
  },
  {
    id: "pitch.pptx",
    content: pptx([
      {
        title: "Solar bakery",
        paragraphs: ["We bake bread with heat from mirrors.", "An oven saves 12 tonnes of carbon dioxide a year."],
      },
      {
        title: "Market",
        paragraphs: ["There are 14,000 bakeries in Spain.", "Our first customers are in Seville and Murcia."],
      },
      { title: "Team", paragraphs: ["Ines Duarte leads the company.", "Paul Ekberg designs the mirrors."] },
      {
        title: "Funding",
        paragraphs: ["We are looking for 1.5 million euros.", "The break-even point is expected in 2029."],
      },
    ]),
  },
  {
    id: "charter.odt",
    content: odt(`<text:h text:outline-level="1">Charter of the rowing club</text:h>
      <text:p>Members pay 120 pounds a year. Students pay half of it.</text:p>
      <text:p>New members need two sponsors who have belonged to the club for a year.</text:p>
      <text:h text:outline-level="1">Boats</text:h>
      <text:p>Boats may only be taken out by daylight. Nobody rows alone before having passed the swimming test.</text:p>
      <text:p>Whoever damages an oar reports it to the boatman Fred Tully.</text:p>`),
  },
  {
    id: "invoice.eml",
    content: mail(
      "Overdue invoice 20417",
      `Dear Mr Novak,

our invoice 20417 of 3 February is still unpaid. The amount is 2,318.40 EUR.
Please transfer the sum to account NL91 ABNA 0417 1643 00 until 15 March.
If you have questions, ring Ms Petersen on 0207 946 0112.

Kind regards
Northwind Supplies`,
    ),
  },
];
