import type { CodeSystem, CodeSystemConcept, Issue } from '../../fhir/types.ts'
import { fault, listed, remark } from './remark.ts'

/** Codes that are not unique (csd-1), also where case makes no difference; a supplement that supplements nothing. */
export function checkCodeSystem(system: CodeSystem): Issue[] {
  const issues: Issue[] = []
  const codes = codesOf(system)
  const twice = repeated(codes)
  if (twice.length > 0) issues.push(fault('CodeSystem.concept', `has codes more than once: ${listed(twice)}`))
  const spelt = repeated([...new Set(codes)].map((code) => code.toLowerCase()))
  if (spelt.length > 0 && system.caseSensitive === false) {
    const text = `has codes that differ by case alone, in a system where case makes no difference: ${listed(spelt)}`
    issues.push(fault('CodeSystem.concept', text))
  } else if (spelt.length > 0 && system.caseSensitive === undefined) {
    const text = `has codes that differ by case alone, and CodeSystem.caseSensitive does not say whether it matters: ${listed(spelt)}`
    issues.push(remark('CodeSystem.concept', text, 'business-rule'))
  }
  if (system.content === 'supplement' && !system.supplements)
    issues.push(fault('CodeSystem.supplements', 'must name the code system that is supplemented', 'required'))
  if (system.content === 'complete' && system.concept === undefined && !system.count)
    issues.push(remark('CodeSystem.concept', 'is absent, so that no code is in this complete system', 'business-rule'))
  return issues
}

function codesOf(system: CodeSystem): string[] {
  const codes: string[] = []
  // An own stack: nesting comes from outside.
  const open: CodeSystemConcept[] = [...(system.concept ?? [])]
  for (let each = open.pop(); each; each = open.pop()) {
    if (each.code) codes.push(each.code)
    for (const child of each.concept ?? []) open.push(child)
  }
  return codes
}

/** What stands in a list more than once, each once. */
function repeated(names: string[]): string[] {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) twice.add(name)
    seen.add(name)
  }
  return [...twice]
}
