import type { Issue } from '../../fhir/types.ts'
import type { Clause } from '../value-set/clause.ts'
import type { Resolution } from '../value-set/query.ts'
import { alternatives, txIssue, versionCheckIssue } from './messages.ts'
import type { CodedValue } from './value.ts'
import { isNamedBy, matchesVersion } from './versions.ts'

/** Canonical of something unknown, and whether the decision hung on it. */
export interface UnknownSystem {
  parameter: 'x-caused-by-unknown-system' | 'x-unknown-system'
  canonical: string
}

/** Issues, and the unknown systems behind them. */
export interface Finding {
  issues: Issue[]
  unknown: UnknownSystem[]
}

const NOTHING: Finding = { issues: [], unknown: [] }

/** How the version a clause resolved to fits the one the value names (ValueSet.compose.include.version against Coding.version). */
export function checkVersion(clause: Clause, resolution: Resolution, value: CodedValue): Readonly<Finding> {
  const { provider, check } = resolution
  if (provider && check === undefined && value.version === undefined) return NOTHING
  const finding: Finding = { issues: [], unknown: [] }
  if (!provider) return unresolved(clause, resolution, value)
  const system = clause.system ?? ''
  const version = provider.head.version
  if (check !== undefined && !matchesVersion(check, version)) {
    const options = { expression: value.at('version') }
    finding.issues.push(versionCheckIssue('code system', [system, version, check], options))
  }
  if (value.version === undefined || isNamedBy(value.version, version) || resolution.assumed) return finding
  const named = value.version
  const isKnown = resolution.known.some((each) => isNamedBy(named, each))
  const difference = mismatch(clause, resolution, value, isKnown)
  if (difference) finding.issues.push(difference)
  if (!isKnown) {
    finding.issues.push(unknownSystemIssue(system, value.version, resolution.known, value))
    finding.unknown.push({ parameter: 'x-caused-by-unknown-system', canonical: `${system}|${value.version}` })
  }
  return finding
}

function mismatch(clause: Clause, resolution: Resolution, value: CodedValue, isKnown: boolean): Issue | undefined {
  const { asked, changedBy, provider } = resolution
  const options = { expression: value.at('version') }
  if (changedBy !== undefined) {
    if (isKnown && changedBy === 'force') return undefined
    return txIssue('VALUESET_VALUE_MISMATCH_CHANGED', [clause.system, asked, clause.version, value.version], options)
  }
  if (asked === '' && !isKnown) {
    return txIssue(
      'VALUESET_VALUE_MISMATCH_DEFAULT',
      [clause.system, provider?.head.version, '', value.version],
      options,
    )
  }
  const included = asked === '' ? provider?.head.version : asked
  return txIssue('VALUESET_VALUE_MISMATCH', [clause.system, included, value.version], options)
}

function unresolved(clause: Clause, { asked, known }: Resolution, value: CodedValue): Finding {
  const system = clause.system ?? ''
  const issues: Issue[] = []
  if (value.version !== undefined && asked !== '' && value.version !== asked && !isNamedBy(asked, value.version)) {
    const options = { expression: value.at('version') }
    issues.push(txIssue('VALUESET_VALUE_MISMATCH', [system, asked, value.version], options))
  }
  const wanted = asked === '' ? undefined : asked
  issues.push(unknownSystemIssue(system, wanted, known, value))
  const canonical = wanted === undefined ? system : `${system}|${wanted}`
  return { issues, unknown: [{ parameter: 'x-caused-by-unknown-system', canonical }] }
}

/** "A definition for CodeSystem … could not be found", with what is known instead. */
export function unknownSystemIssue(
  system: string,
  version: string | undefined,
  known: string[],
  value: CodedValue,
): Issue {
  const options = { expression: value.at('system') }
  if (version === undefined) return txIssue('UNKNOWN_CODESYSTEM', [system], options)
  const id = known.length > 0 ? 'UNKNOWN_CODESYSTEM_VERSION' : 'UNKNOWN_CODESYSTEM_VERSION_NONE'
  return txIssue(id, [system, version, alternatives(known)], options)
}
