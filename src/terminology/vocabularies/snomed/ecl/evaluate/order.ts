import type { EclOrder } from '../syntax/syntax.ts'

/** Whether an operator holds for the sign of a difference. */
export function holdsFor(operator: EclOrder, sign: number): boolean {
  switch (operator) {
    case '=':
      return sign === 0
    case '!=':
      return sign !== 0
    case '<':
      return sign < 0
    case '<=':
      return sign <= 0
    case '>':
      return sign > 0
    case '>=':
      return sign >= 0
  }
}

/** Whether a day, YYYYMMDD as a number and 0 for none, compares with one of the days; without a day only `=` and `!=` say anything. */
export function timeHolds(operator: EclOrder, times: readonly string[], day: number): boolean {
  if (operator === '!=') return times.every((time) => Number(time) !== day)
  return times.some((time) => {
    if (operator !== '=' && (time === '' || day === 0)) return false
    return holdsFor(operator, day - Number(time))
  })
}
