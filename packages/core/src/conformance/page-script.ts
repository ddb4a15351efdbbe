/** What makes the page searchable. Nothing of the reports is in it, so that it is always the same. */
export const pageScript = `
const [controls, search, section, store, status, count] = ['controls', 'search', 'section', 'store', 'status', 'count'].map((id) => document.getElementById(id))
const rows = [...document.querySelectorAll('tbody tr')]
function apply() {
  const words = search.value.toLowerCase().split(/\\s+/).filter((word) => word !== '')
  let shown = 0
  for (const row of rows) {
    const cells = [...row.querySelectorAll('td[data-store]')].filter((cell) => store.value === '' || cell.dataset.store === store.value)
    row.hidden = !(
      words.every((word) => row.dataset.text.includes(word)) &&
      (section.value === '' || row.dataset.section === section.value) &&
      (status.value === '' || cells.some((cell) => cell.dataset.status === status.value))
    )
    if (!row.hidden) shown += 1
  }
  count.textContent = shown + ' of ' + rows.length + ' cases'
}
for (const control of [search, section, store, status]) control.addEventListener('input', apply)
controls.addEventListener('submit', (event) => event.preventDefault())
controls.hidden = false
apply()
`
