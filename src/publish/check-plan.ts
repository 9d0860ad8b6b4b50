/** Whether a rule set can decide: its library is published, its conditions name Boolean defines. */
import { artefactCanonical, statusOf } from '../fhir/artefact.ts'
import { parseCanonical } from '../fhir/canonical.ts'
import { isError, issue } from '../fhir/error.ts'
import type { Issue, Library, PlanDefinition } from '../fhir/types.ts'
import type { LibraryInspector } from '../rules/rules.ts'
import { type CheckEnvironment, librariesOf } from './environment.ts'

type Action = NonNullable<PlanDefinition['action']>[number]
type Condition = NonNullable<Action['condition']>[number]

/** Everything that keeps a PlanDefinition of the type `eca-rule` from deciding. */
export async function checkPlan(
  plan: PlanDefinition,
  beside: Library[],
  environment: CheckEnvironment,
): Promise<Issue[]> {
  const looking: Looking = {
    plan,
    beside,
    environment,
    inspector: environment.rules.inspector(beside),
    reports: new Map(),
  }
  const issues: Issue[] = []
  for (const [index, canonical] of (plan.library ?? []).entries())
    issues.push(...(await libraryIssues(canonical, `PlanDefinition.library[${index}]`, looking)))
  if ((plan.library?.length ?? 0) > 1) {
    const text =
      'PlanDefinition.library names several libraries; a condition without reference is looked for in the first alone'
    issues.push(issue('business-rule', { severity: 'warning', text, expression: 'PlanDefinition.library[1]' }))
  }
  for (const { action, path } of everyAction(plan)) {
    for (const [index, condition] of (action.condition ?? []).entries())
      issues.push(...(await conditionIssues(condition, `${path}.condition[${index}].expression`, looking)))
  }
  return issues
}

interface Looking {
  plan: PlanDefinition
  beside: Library[]
  environment: CheckEnvironment
  inspector: LibraryInspector
  /** Libraries by canonical, each looked at once. */
  reports: Map<string, Promise<Found>>
}

/** A library that conditions may name; why it cannot be used otherwise. */
interface Found {
  library?: Library
  report?: Awaited<ReturnType<LibraryInspector['inspect']>>
  issues: { text: string; isError: boolean }[]
}

function everyAction(plan: PlanDefinition): { action: Action; path: string }[] {
  const walk = (actions: Action[], parent: string): { action: Action; path: string }[] =>
    actions.flatMap((action, index) => {
      const path = `${parent}.action[${index}]`
      return [{ action, path }, ...walk(action.action ?? [], path)]
    })
  return walk(plan.action ?? [], 'PlanDefinition')
}

async function libraryIssues(canonical: string, expression: string, looking: Looking): Promise<Issue[]> {
  const { issues } = await lookAt(canonical, looking)
  return issues.map(({ text, isError: severe }) =>
    issue('business-rule', { severity: severe ? 'error' : 'warning', text: `${expression} ${text}`, expression }),
  )
}

function lookAt(canonical: string, looking: Looking): Promise<Found> {
  const found = looking.reports.get(canonical) ?? find(canonical, looking)
  looking.reports.set(canonical, found)
  return found
}

async function find(canonical: string, { plan, beside, environment, inspector }: Looking): Promise<Found> {
  const { url, version } = parseCanonical(canonical)
  const fits = (each: Library) => {
    const own = artefactCanonical(each)
    return own?.url === url && (version === undefined || own.version === version)
  }
  const candidates = [...beside.filter(fits), ...librariesOf(await environment.find('Library', canonical)).filter(fits)]
  const library = candidates.find((each) => statusOf(each) === 'active') ?? candidates[0]
  const fault = (text: string) => ({ text: `names ${canonical}, ${text}`, isError: true })
  if (!library) return { issues: [fault('which is not known to this server')] }
  const report = await inspector.inspect(library)
  const issues: Found['issues'] = []
  if (version === undefined)
    issues.push(fault('without a version: a later one of the library would change what this rule set decides'))
  if (statusOf(plan) === 'active' && statusOf(library) !== 'active')
    issues.push(fault(`which is ${statusOf(library) ?? 'without status'}, and not active: publish it first`))
  if (report.language === undefined) issues.push(fault('which holds no rules'))
  const [first] = report.issues.filter(isError)
  if (first) issues.push(fault(`which cannot be run: ${first.details?.text ?? first.code}`))
  return { library, report, issues }
}

async function conditionIssues(condition: Condition, at: string, looking: Looking): Promise<Issue[]> {
  const { language, expression = '', reference } = condition.expression ?? {}
  const canonical = reference ?? looking.plan.library?.[0]
  if (canonical === undefined)
    return [issue('required', { text: `${at} names no library, and neither does the PlanDefinition`, expression: at })]
  const { library, report, issues } = await lookAt(canonical, looking)
  const told = reference === undefined ? [] : await libraryIssues(canonical, `${at}.reference`, looking)
  if (!library || !report || issues.some((each) => each.isError && report.issues.some(isError))) return told
  const fault = (text: string, more: Partial<Issue> = {}): Issue => ({
    ...issue('business-rule', { text: `${at} ${text}`, expression: at }),
    ...more,
  })
  switch (language as string) {
    case 'text/cql-identifier':
      return [...told, ...defineIssues(unquote(expression), report, fault)]
    case 'text/cql': {
      const inspected = await looking.inspector.inspectExpression(expression, library)
      const faults = inspected.issues.map((each) =>
        fault(each.details?.text ?? each.code, each.diagnostics ? { diagnostics: each.diagnostics } : {}),
      )
      if (inspected.type !== undefined && inspected.type !== boolean)
        faults.push(fault(`is ${inspected.type}, and not Boolean`))
      return [...told, ...faults]
    }
    case 'application/certlogic+json':
      if (report.language !== 'certlogic') return [...told, fault(`names ${canonical}, which is no CertLogic`)]
      return expression === 'Logic'
        ? told
        : [...told, fault(`names '${expression}'; the one define of CertLogic is Logic`)]
    default:
      return told
  }
}

const boolean = 'System.Boolean'

function defineIssues(
  name: string,
  { defines, language }: NonNullable<Found['report']>,
  fault: (text: string) => Issue,
): Issue[] {
  if (language === 'certlogic') return [fault(`is a define of CQL; the library is CertLogic`)]
  const define = defines.find((each) => each.name === name)
  if (!define) {
    const near = defines.find((each) => each.name.toLowerCase() === name.toLowerCase())
    return [
      fault(`names the define "${name}", which the library does not have${near ? `; it has "${near.name}"` : ''}`),
    ]
  }
  if (define.type === boolean) return []
  return [fault(`names the define "${name}", which is ${define.type} and not Boolean`)]
}

const unquote = (name: string) =>
  /^".*"$/s.test(name.trim()) ? name.trim().slice(1, -1).replace(/\\(.)/g, '$1') : name
