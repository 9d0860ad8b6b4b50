import { type CheckName, checkNames, type Finding, type Status } from '../../credentials/credential-format.ts'

/** One check of the reply; `detail` never quotes the credential (docs/evaluate.md, Reply). */
export interface Check {
  name: CheckName
  outcome: 'pass' | 'fail' | 'warn' | 'skipped'
  detail?: string
}

/** Checks as they are made. The first failing one, in the order of the contract, decides the status. */
interface CheckReport {
  /** The check was made; what it found, if anything, is entered beside. */
  pass(name: CheckName): void
  enter(...findings: Finding[]): void
  /** Not done, and why that is no failure. */
  skip(name: CheckName, detail: string): void
  /** Status of the first failing check so far; undefined while none failed. */
  failedWith(): Status | undefined
  /** Every check in order; those never entered are `skipped`. */
  checks(): Check[]
  /** What makes `accepted` impossible, though no check fails by it. */
  blocking(): string[]
}

/** An empty report. */
export function createReport(): CheckReport {
  const entered = new Map<CheckName, Finding[]>()
  const skipped = new Map<CheckName, string>()
  const findingsOf = (name: CheckName): Finding[] => {
    const known = entered.get(name) ?? []
    entered.set(name, known)
    return known
  }
  const failure = (name: CheckName) => entered.get(name)?.find(({ status }) => status !== undefined)?.status
  const blocking = () => [...entered.values()].flat().flatMap(({ blocks, detail }) => (blocks ? [detail] : []))
  return {
    blocking,
    pass: (name) => void findingsOf(name),
    enter(...findings) {
      for (const each of findings) findingsOf(each.check).push(each)
    },
    skip: (name, detail) => void skipped.set(name, detail),
    failedWith() {
      for (const name of checkNames) {
        const status = failure(name)
        if (status) return status
      }
      return undefined
    },
    checks: () =>
      checkNames.map((name): Check => {
        const found = entered.get(name)
        const why = skipped.get(name)
        if (!found) return why === undefined ? { name, outcome: 'skipped' } : { name, outcome: 'skipped', detail: why }
        if (found.length === 0) return { name, outcome: 'pass' }
        const detail = found.map((each) => each.detail).join('; ')
        const isClean = found.every(({ isNote }) => isNote)
        return { name, outcome: failure(name) ? 'fail' : isClean ? 'pass' : 'warn', detail }
      }),
  }
}
