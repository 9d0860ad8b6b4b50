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

const bits = new Map(checkNames.map((name, at) => [name, 1 << at]))
const bitOf = (name: CheckName): number => bits.get(name) ?? 0

/** An empty report. */
export const createReport = (): CheckReport => new Report()

/** Nearly all checks pass and find nothing: those are bits, and what the others find is one list. */
class Report implements CheckReport {
  private made = 0
  private hasFailed = false
  private readonly findings: Finding[] = []
  private readonly skipped: { name: CheckName; detail: string }[] = []

  pass(name: CheckName): void {
    this.made |= bitOf(name)
  }

  enter(...findings: Finding[]): void {
    for (const each of findings) {
      this.made |= bitOf(each.check)
      this.hasFailed ||= each.status !== undefined
      this.findings.push(each)
    }
  }

  skip(name: CheckName, detail: string): void {
    this.skipped.push({ name, detail })
  }

  failedWith(): Status | undefined {
    if (!this.hasFailed) return undefined
    for (const name of checkNames) {
      const status = this.failure(name)
      if (status !== undefined) return status
    }
    return undefined
  }

  checks(): Check[] {
    return checkNames.map((name) => this.checkOf(name))
  }

  blocking(): string[] {
    return this.findings.filter(({ blocks }) => blocks).map(({ detail }) => detail)
  }

  private failure(name: CheckName): Status | undefined {
    return this.findings.find(({ check, status }) => check === name && status !== undefined)?.status
  }

  private checkOf(name: CheckName): Check {
    if ((this.made & bitOf(name)) === 0) {
      const why = this.skipped.find((each) => each.name === name)
      return why ? { name, outcome: 'skipped', detail: why.detail } : { name, outcome: 'skipped' }
    }
    const found = this.findings.length === 0 ? [] : this.findings.filter(({ check }) => check === name)
    if (found.length === 0) return { name, outcome: 'pass' }
    const detail = found.map((each) => each.detail).join('; ')
    const isClean = found.every(({ isNote }) => isNote)
    return { name, outcome: this.failure(name) ? 'fail' : isClean ? 'pass' : 'warn', detail }
  }
}
