import { FhirError, issue } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'

/** Most faults and remarks that are named; a file in a wrong form has one in every row. */
const mostNamed = 20

/** After so many faults a file is not read on. */
const mostKept = 1000

/** Collects what is wrong with a file and what is to be said of it, each with its place. */
export interface Findings {
  /** Makes the whole file refused. */
  fault(place: string, text: string): void
  /** Is told, and changes nothing. The same text at other places is told once, with the first place and a count. */
  remark(place: string, text: string): void
  remarks(): Issue[]
  /** Whether so many faults were found that reading on tells nothing more. */
  isEnough(): boolean
  /** @throws FhirError 422 with every fault, the first twenty by name */
  refuse(): void
}

/** Makes a collection. */
export function collectFindings(): Findings {
  const faults: { place: string; text: string }[] = []
  const remarks = new Map<string, { place: string; count: number }>()
  return {
    fault: (place, text) => void faults.push({ place, text }),
    remark(place, text) {
      const known = remarks.get(text)
      if (known) known.count++
      else remarks.set(text, { place, count: 1 })
    },
    isEnough: () => faults.length >= mostKept,
    remarks: () =>
      capped(
        [...remarks].map(([text, { place, count }]) => warning(place, text, count)),
        'warning',
      ),
    refuse() {
      if (faults.length > 0) throw new FhirError(422, capped(faults.map(faultIssue), 'error'))
    },
  }
}

const lineOf = (place: string) => /\bline \d+(?:, column \d+)?/.exec(place)?.[0]

function faultIssue({ place, text }: { place: string; text: string }): Issue {
  const line = lineOf(place)
  return issue('invalid', { text: `${place}: ${text}`, ...(line !== undefined && { diagnostics: line }) })
}

function warning(place: string, text: string, count: number): Issue {
  const more = count === 1 ? '' : `, and in ${count - 1} more`
  return issue('informational', { severity: 'warning', text: `${place}${more}: ${text}` })
}

function capped(issues: Issue[], severity: Issue['severity']): Issue[] {
  const more = issues.length - mostNamed
  if (more <= 0) return issues
  return [...issues.slice(0, mostNamed), issue('informational', { severity, text: `and ${more} more` })]
}
