/** What the exit code of a soak says. */
export function judge(code, lines) {
  if (code === 77) return 'not proven'
  // A soak that shows nothing proves nothing, however it ends.
  return code === 0 && lines.length > 0 ? 'holds' : 'does not hold'
}

/** reports/<name>.md: the last run of one soak. */
export function renderReport({ name, seed, minutes, seconds, verdict, lines, node, cores, date }) {
  return `# Soak \`${name}\`: ${verdict}

Last run: ${date.toISOString().slice(0, 10)}, ${seconds} s, Node.js ${node}, ${cores} cores. Again with the same chance:
\`pnpm soak ${name} --seed ${seed} --minutes ${minutes}\`.

\`\`\`text
${lines.join('\n')}
\`\`\`
`
}
