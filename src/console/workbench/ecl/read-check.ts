/** The answer of `$check-ecl`: what is not understood is never good. */
import { all, number, onlyCode, onlyFlag, parametersOf, text } from '../../api/parameters.ts'
import type { Problem } from '../document/problems.ts'

/** An expression as the server understood it. */
export interface CheckedExpression {
  isGood: boolean
  problems: Problem[]
  brief: string | undefined
  /** In which release concepts were looked up; undefined: in none. */
  release: string | undefined
}

/** Reads it; undefined for what is none. */
export function readCheck(answer: unknown): CheckedExpression | undefined {
  const told = parametersOf(answer)
  const result = told && onlyFlag(told, 'result')
  if (!told || result === undefined) return undefined
  const problems = all(told, 'remark').map(({ part }): Problem => {
    const [line, column] = [number(part, 'line'), number(part, 'column')]
    return {
      severity: onlyCode(part, 'severity') === 'warning' ? 'warning' : 'error',
      text: text(part, 'text') ?? '',
      ...(line && column && { place: { line, column } }),
    }
  })
  const brief = text(told, 'brief')
  const isGood = result && brief !== undefined && problems.every(({ severity }) => severity !== 'error')
  return { isGood, problems, brief, release: text(told, 'release') }
}
