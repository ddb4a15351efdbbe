import type { StableReport } from './report.js'

/** What a badge says, in the form that shields.io takes from an endpoint. */
export interface Badge {
  readonly schemaVersion: 1
  readonly label: string
  readonly message: string
  readonly color: 'brightgreen' | 'red' | 'lightgrey'
}

/** Green where every scored case holds; how many were not proven is said as well. */
export function badgeOf({ totals }: StableReport): Badge {
  const { passed, failed } = totals
  const open = totals['not-proven'] + totals['known-failure']
  const message = failed > 0 ? `${failed} failed` : `${passed} passed${open > 0 ? `, ${open} not proven` : ''}`
  return { schemaVersion: 1, label: 'conformance', message, color: failed > 0 ? 'red' : passed > 0 ? 'brightgreen' : 'lightgrey' }
}

const fills = { brightgreen: '#2d7d32', red: '#b3261e', lightgrey: '#5f6368' } as const
const [labelWidth, signWidth, height] = [86, 6.6, 20]

/** The badge as a picture that needs no service. */
export function renderBadge({ label, message, color }: Badge): string {
  const messageWidth = Math.ceil(message.length * signWidth) + 14
  const width = labelWidth + messageWidth
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" role="img" aria-label="${label}: ${message}">
<rect width="${width}" height="${height}" rx="3" fill="#444c56"/>
<rect x="${labelWidth}" width="${messageWidth}" height="${height}" rx="3" fill="${fills[color]}"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="${labelWidth / 2}" y="14">${label}</text>
<text x="${labelWidth + messageWidth / 2}" y="14">${message}</text>
</g>
</svg>
`
}
