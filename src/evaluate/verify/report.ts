import { type CheckName, checkNames, type Status } from '../../credentials/credential-format.ts'

/** How one check ended (evaluate.md, Reply). */
type Outcome = 'pass' | 'fail' | 'warn' | 'skipped'
/** One check of the reply; `detail` never quotes the credential. */
export interface Check {
  name: CheckName
  outcome: Outcome
  detail?: string
}

/** The result of one step, before it is entered into the report. */
export interface StepResult {
  /** Set when the step failed. */
  status?: Status
  /** Why it failed, or what is unusual though it passed. */
  details: string[]
}

/** Checks as they are made. The first failing one, in the order of the contract, decides the status. */
export interface CheckReport {
  pass(name: CheckName): void
  warn(name: CheckName, detail: string): void
  fail(name: CheckName, status: Status, detail: string): void
  enter(name: CheckName, result: StepResult): void
  /** Not done, and why that is no failure. */
  skip(name: CheckName, detail: string): void
  /** Status of the first failing check so far; undefined while none failed. */
  failedWith(): Status | undefined
  /** Every check in order; those never entered are `skipped`. */
  checks(): Check[]
}

/** An empty report. */
export function createReport(): CheckReport {
  const entered = new Map<CheckName, { outcome: Outcome; details: string[]; status?: Status }>()
  const report: CheckReport = {
    pass: (name) => report.enter(name, { details: [] }),
    warn: (name, detail) => report.enter(name, { details: [detail] }),
    fail: (name, status, detail) => report.enter(name, { status, details: [detail] }),
    enter(name, { status, details }) {
      const before = entered.get(name)
      const all = before ? [...before.details, ...details] : details
      const failed = status ?? before?.status
      const outcome = failed ? 'fail' : all.length > 0 ? 'warn' : 'pass'
      entered.set(name, failed ? { outcome, details: all, status: failed } : { outcome, details: all })
    },
    skip: (name, detail) => void entered.set(name, { outcome: 'skipped', details: [detail] }),
    failedWith() {
      for (const name of checkNames) {
        const status = entered.get(name)?.status
        if (status) return status
      }
      return undefined
    },
    checks: () =>
      checkNames.map((name) => {
        const { outcome, details } = entered.get(name) ?? { outcome: 'skipped', details: [] }
        return details.length > 0 ? { name, outcome, detail: details.join('; ') } : { name, outcome }
      }),
  }
  return report
}
