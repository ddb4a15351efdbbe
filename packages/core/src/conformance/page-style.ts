/** Colours by the reader's preference; below 45rem each case is a card. */
export const pageStyle = `
:root { color-scheme: light dark; --back: #fff; --text: #1b1f24; --faint: #57606a; --line: #d0d7de; --good: #116329; --bad: #a40e26; --open: #7d4e00; }
@media (prefers-color-scheme: dark) {
  :root { --back: #0d1117; --text: #e6edf3; --faint: #9aa4ae; --line: #30363d; --good: #56d364; --bad: #ff7b72; --open: #e3b341; }
}
body { margin: 0 auto; max-width: 80rem; padding: 1rem; background: var(--back); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
form { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end; padding: .5rem 0; background: var(--back); }
form[hidden], tr[hidden] { display: none !important; }
label { display: grid; color: var(--faint); font-size: .875rem; }
input, select { font: inherit; font-size: 1rem; min-height: 2.25rem; max-width: 100%; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
tbody th { white-space: nowrap; overflow-wrap: normal; }
small { display: block; color: var(--faint); }
.passed { color: var(--good); }
.failed, .known-failure { color: var(--bad); font-weight: bold; }
.not-proven, .not-run, .unscored { color: var(--open); }
@media (max-width: 45rem) {
  table, tbody, tr, th, td { display: block; }
  thead { display: none; }
  tr { border-top: 1px solid var(--line); padding: .5rem 0; }
  th, td { border: 0; padding: .1rem 0; }
  td[data-store]::before { content: attr(data-store) ": "; color: var(--faint); }
  label, input, select { width: 100%; box-sizing: border-box; }
}
`
