/**
 * The stylesheet of report.html. Colors are variables with a light and a dark set; the SVGs inside use the same
 * names (palette.ts). One column on a telephone, three at 1280 pixels.
 */
export const reportStyle = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --surface: #ffffff; --line: #dde2e7;
  --ink: #1b1f24; --ink-soft: #59636e; --grid: #e6eaee;
  --blue: #0072b2; --green: #009e73; --orange: #e69f00; --gray: #b4bcc4; --lost: #c1440e;
  --purple: #cc79a7; --vermillion: #d55e00; --sky: #56b4e9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1317; --surface: #181d23; --line: #2b333b;
    --ink: #e8ecf0; --ink-soft: #a3aeb9; --grid: #2a3138;
    --blue: #56b4e9; --green: #2fc79b; --orange: #f0b429; --gray: #5d6873; --lost: #f08a4b;
    --purple: #e29ac4; --vermillion: #ff7f3f; --sky: #b3e0fa;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 28px 20px 48px; }
header { margin-bottom: 22px; }
h1 { margin: 0 0 4px; font-size: 26px; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 0 0 10px; font-size: 16px; font-weight: 600; }
p { margin: 0; }
.soft { color: var(--ink-soft); }
.alert { color: var(--lost); font-weight: 600; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 14px; margin-bottom: 14px; }
.cards dl { margin: 0; }
.cards dt { color: var(--ink-soft); font-size: 14px; }
.cards dd { margin: 0; }
.cards .value { font-size: 25px; white-space: nowrap; font-weight: 650; line-height: 1.25; font-variant-numeric: tabular-nums; }
.cards .note { color: var(--ink-soft); font-size: 13px; }
.card { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 15px 17px; min-width: 0; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); gap: 14px; margin-bottom: 14px; }
.grid.wide { grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); }
.grid.pairs { grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); }
figure { margin: 0; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
.drawing svg { max-width: 620px; margin: 0 auto; }
.scroll { overflow: auto; max-height: 600px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--ink-soft); font-weight: 500; white-space: nowrap; }
td.number, th.number { text-align: right; white-space: nowrap; }
tr:last-child > * { border-bottom: 0; }
td.text { overflow-wrap: anywhere; }
thead th { position: sticky; top: 0; background: var(--surface); }
pre { margin: 0; padding: 12px 14px; background: var(--page); border-radius: 7px; white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.6 ui-monospace, 'SF Mono', Menlo, Consolas, monospace; }
pre span { display: inline-block; max-width: 100%; }
.stack > * + * { margin-top: 14px; }
.lead { border-left: 4px solid var(--blue); margin-bottom: 14px; padding: 18px 20px; }
.headline { font-size: 22px; font-weight: 650; line-height: 1.35; margin-bottom: 12px; overflow-wrap: anywhere; }
.rule { margin-top: 12px; font-size: 14px; }
.answer td[data-head$="to pick"] { font-weight: 650; }
.part { margin: 26px 2px 10px; }
.part h2 { font-size: 19px; margin-bottom: 2px; }
.part p { font-size: 14px; }
.gap { margin-bottom: 14px; }
.gap:not(.card):empty { display: none; }
.groups { white-space: nowrap; }
ul { margin: 0; padding-left: 18px; font-size: 14px; overflow-wrap: anywhere; }
@media (max-width: 600px) {
  main { padding: 18px 12px 32px; }
  h1 { font-size: 21px; }
  .card { padding: 13px; }
  .cards { grid-template-columns: repeat(2, 1fr); gap: 10px; }
  .cards .value { font-size: 22px; }
  .headline { font-size: 19px; }
  .answer thead { display: none; }
  .answer, .answer tbody { display: block; }
  .answer tr { display: block; padding: 8px 0; border-bottom: 1px solid var(--line); }
  .answer tr:last-child { border-bottom: 0; }
  .answer td, .answer td.number { display: grid; grid-template-columns: 118px 1fr; gap: 10px; padding: 2px 0; border: 0; text-align: left; white-space: normal; }
  .answer td::before { content: attr(data-head); color: var(--ink-soft); font-weight: 400; }
  .answer td[data-empty] { display: none; }
}
@media print { .card { break-inside: avoid; } .scroll { max-height: none; } }
`;
