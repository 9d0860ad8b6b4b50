import { FhirError, type IssueCode, issue } from '../../fhir/error.ts'
import { callFault } from '../../fhir/fhirpath/signatures.ts'
import type { Issue, StructureMap } from '../../fhir/types.ts'
import { finish, type Steps } from '../../workers/budget.ts'
import { readExpression } from '../fhirpath/compile-expression.ts'
import { type Expression, visitExpression } from '../language/parse-expression.ts'
import { describePosition } from '../language/position.ts'
import { readR5 } from '../language/spelling.ts'
import { DEFAULT, EXPRESSION, findExtension, storedPosition } from '../model/extensions.ts'
import { nearest } from '../model/nearest-element.ts'
import { type Group, type Rule, type RuleSource, type RuleTarget, TRANSFORMS } from '../model/structure.ts'
import { ARITIES } from '../run/transforms.ts'

/**
 * What is wrong with a map as it stands, without looking anything up: FHIRPath that cannot be parsed, functions and
 * transforms that do not exist or have the wrong number of arguments, groups that neither the map nor an import can have. R5
 * spelling is read as R4. All are errors; functions that do not exist are `not-supported`, the others `invalid`.
 */
export const checkMap = (given: StructureMap): Issue[] => finish(checkMapSteps(given))

/** The same in steps: a map may have thousands of rules. */
export function* checkMapSteps(given: StructureMap): Steps<Issue[]> {
  const map = readR5(given)
  const issues: Issue[] = []
  if (!map.group?.length)
    return [issue('structure', { text: 'A StructureMap has at least one group', expression: 'StructureMap.group' })]
  issues.push(...wrongCodes(map))
  const groups = new Map(map.group.map((each) => [each.name, each]))
  const open = (map.import?.length ?? 0) > 0
  for (const [index, group] of map.group.entries()) {
    const at = `StructureMap.group[${index}]`
    if (group.extends && !open && !groups.has(group.extends)) {
      issues.push(
        problem(
          group,
          `${at}.extends`,
          { group: group.name },
          `extends '${group.extends}', which this map does not have${near(group.extends, groups)}`,
        ),
      )
    }
    yield* checkRules(group.rule ?? [], at, { group, groups, open, issues })
  }
  return issues
}

/** Codes of required bindings that decide what is done (https://hl7.org/fhir/R4/structuremap-definitions.html). */
const MODES = { structure: ['source', 'queried', 'target', 'produced'], input: ['source', 'target'] }
const TYPE_MODES = ['none', 'types', 'type-and-types']

function wrongCodes(map: StructureMap): Issue[] {
  const found: Issue[] = []
  const check = (value: string | undefined, known: string[], expression: string) => {
    if (value === undefined || known.includes(value)) return
    const text = `${expression} is '${value}', which is none of ${known.join(', ')}${nearest(value, known)}`
    found.push(issue('code-invalid', { text, expression }))
  }
  map.structure?.forEach(({ mode }, i) => {
    check(mode, MODES.structure, `StructureMap.structure[${i}].mode`)
  })
  map.group.forEach(({ typeMode, input }, i) => {
    check(typeMode, TYPE_MODES, `StructureMap.group[${i}].typeMode`)
    input?.forEach(({ mode }, j) => {
      check(mode, MODES.input, `StructureMap.group[${i}].input[${j}].mode`)
    })
  })
  return found
}

const near = (name: string, groups: Map<string, Group>) => nearest(name, groups.keys())

type Report = (text: string, code?: IssueCode) => void

interface Checking {
  group: Group
  groups: Map<string, Group>
  /** There are imports, so a group may be elsewhere. */
  open: boolean
  issues: Issue[]
}

function* checkRules(rules: Rule[], path: string, checking: Checking): Steps<void> {
  for (const [index, rule] of rules.entries()) {
    const at = `${path}.rule[${index}]`
    const reportAt = (expression: string) => (text: string, code?: IssueCode) =>
      checking.issues.push(
        problem(
          rule,
          `${at}${expression}`,
          { group: checking.group.name, rule: rule.name, ...(code ? { code } : {}) },
          text,
        ),
      )
    if (!rule.source?.length) reportAt('.source')('has no source')
    ;(rule.source ?? []).forEach((source, i) => {
      for (const member of ['condition', 'check', 'logMessage'] as const) {
        checkExpression(source[member], reportAt(`.source[${i}].${member}`))
      }
      checkExpression(findExtension(source, DEFAULT)?.valueString, reportAt(`.source[${i}]`))
      checkCardinality(source, reportAt(`.source[${i}].max`))
    })
    ;(rule.target ?? []).forEach((target, i) => {
      checkTarget(target, reportAt(`.target[${i}]`))
    })
    ;(rule.dependent ?? []).forEach((dependent, i) => {
      const called = checking.groups.get(dependent.name)
      const report = reportAt(`.dependent[${i}]`)
      if (!called && !checking.open)
        report(
          `calls the group '${dependent.name}', which this map does not have${near(dependent.name, checking.groups)}`,
        )
      const wanted = called?.input.length
      if (wanted !== undefined && wanted !== dependent.variable?.length) {
        report(`calls '${dependent.name}' with ${dependent.variable?.length ?? 0} arguments, it takes ${wanted}`)
      }
    })
    yield
    yield* checkRules(rule.rule ?? [], at, checking)
  }
}

/** A cardinality that no number of items has: the rule fails whatever it is given. */
function checkCardinality({ min = 0, max = '*' }: RuleSource, report: Report): void {
  if (max === '*' || (/^\d+$/.test(max) && min <= Number(max))) return
  report(`wants ${min}..${max} items of its source, which no source has`)
}

function checkTarget(target: RuleTarget, report: Report): void {
  const { transform, parameter = [] } = target
  if (target.listMode?.includes('share') && !target.listRuleId) report('has list mode share without a list rule id')
  if (transform === undefined) return
  const known = TRANSFORMS.find((each) => each === transform)
  if (!known) {
    report(`has the unknown transform '${String(transform)}'${nearest(String(transform), TRANSFORMS)}`)
    return
  }
  const [least, most] = ARITIES[known]
  if (parameter.length < least || parameter.length > most) {
    report(
      `gives ${parameter.length} arguments to ${known}(), which takes ${least === most ? least : `${least} to ${most}`}`,
    )
  }
  for (const each of parameter) {
    const last = known === 'evaluate' && each === parameter.at(-1)
    if (last || findExtension(each, EXPRESSION)) checkExpression(each.valueString, report)
  }
}

function checkExpression(text: string | undefined, report: Report): void {
  if (text === undefined || text === '') return
  try {
    for (const fault of callFaults(readExpression(text).expression)) report(`${fault}, in ${text}`, 'not-supported')
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    report(`has FHIRPath that cannot be read, ${text}: ${error.issues[0]?.diagnostics ?? error.message}`)
  }
}

/** Calls of functions that there are not, or with too many or too few arguments: the engine would fail, or answer nothing. */
function callFaults(expression: Expression): string[] {
  const faults: string[] = []
  visitExpression(expression, (each) => {
    if (each.kind !== 'call' || isOfEngineObject(each)) return
    const fault = callFault(each.name, each.arguments.length)
    if (fault) faults.push(`calls ${each.name}(), which ${fault}`)
  })
  return faults
}

/** `%factory` and `%terminologies` have functions of their own. */
function isOfEngineObject({ target }: Extract<Expression, { kind: 'call' }>): boolean {
  return target?.kind === 'variable' && (target.name === 'factory' || target.name === 'terminologies')
}

function problem(
  element: Rule | Group,
  expression: string,
  names: { group: string; rule?: string; code?: IssueCode },
  text: string,
): Issue {
  const position = storedPosition(element)
  const where = names.rule === undefined ? `group '${names.group}'` : `group '${names.group}', rule '${names.rule}'`
  return issue(names.code ?? 'invalid', {
    text: `${where} ${text}`,
    expression,
    ...(position ? { diagnostics: `${describePosition(position)}: ${where} ${text}` } : {}),
  })
}
