/**
 * Why a mutant that no case finds is none of the suite's business. A rule names the file, what stands in its line, and, where several
 * mutants of a line differ, what was mutated to what.
 */
const rules = [
  {
    file: 'expected-version.ts',
    line: "typeof expected === 'number' ||",
    why: "memory never answers an 'any' append with a conflict, and loses no answer; where one is lost IDM-10 decides",
  },
  {
    file: 'expected-version.ts',
    line: 'Number.isSafeInteger(value)',
    why: 'equivalent: Number.isSafeInteger is false for what is no number',
  },
]

export function explain(file, { code, text, replacement }) {
  const rule = rules.find(
    (one) =>
      one.file === file &&
      code.includes(one.line) &&
      (one.text === undefined || text.includes(one.text)) &&
      (one.replacement === undefined || replacement === one.replacement),
  )
  return rule?.why
}
