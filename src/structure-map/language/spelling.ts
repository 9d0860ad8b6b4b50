import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { asJson, isOfType } from '../../fhir/json.ts'
import type { StructureMap } from '../../fhir/types.ts'
import { CONSTANT, DEFAULT, EXPRESSION, LIST_MODE } from '../model/extensions.ts'
import { copyObject } from '../model/nodes.ts'
import { quoteString } from './cursor.ts'

/**
 * A map in R4 spelling, whether it came in R4 or R5 (https://hl7.org/fhir/R5/structuremap.html): `dependent.parameter`
 * becomes `variable`, a missing `typeMode` becomes `none`, `const`, `single` and FHIRPath defaults become the
 * cross-version extensions. What is R4 already is returned as it is, not copied.
 */
export function readR5(map: StructureMap): StructureMap {
  const loose = asJson(map) // R5 members are not in the R4 type
  if (!needsWork(loose)) return map
  const copy = copyObject(loose)
  readConstants(copy)
  delete copy.versionAlgorithmString
  delete copy.versionAlgorithmCoding
  delete copy.copyrightLabel
  copy.group ??= []
  for (const group of items(copy.group)) {
    group.typeMode ??= 'none'
    group.rule ??= []
    group.input ??= []
    for (const rule of items(group.rule)) readRule(rule)
  }
  return isOfType(copy, 'StructureMap') ? copy : map
}

function items(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter((each): each is JsonObject => isJsonObject(each)) : []
}

function needsWork(map: JsonObject): boolean {
  return (
    'const' in map ||
    !('group' in map) ||
    items(map.group).some((group) => !isComplete(group) || items(group.rule).some(ruleNeedsWork))
  )
}

/** Stores leave out empty lists, such as the rules of a group that only extends another. */
function isComplete(group: JsonObject): boolean {
  return 'typeMode' in group && 'rule' in group && 'input' in group
}

function ruleNeedsWork(rule: JsonObject): boolean {
  return (
    items(rule.source).some((each) => 'defaultValue' in each) ||
    items(rule.target).some(targetNeedsWork) ||
    items(rule.dependent).some((each) => 'parameter' in each || !('variable' in each)) ||
    items(rule.rule).some(ruleNeedsWork) ||
    !('name' in rule) ||
    !('source' in rule)
  )
}

function targetNeedsWork(target: JsonObject): boolean {
  return (
    (target.context !== undefined && target.contextType === undefined) ||
    [target.listMode].flat().includes('single') ||
    items(target.parameter).some((each) => 'valueDate' in each || 'valueDateTime' in each || 'valueTime' in each)
  )
}

function readConstants(map: JsonObject): void {
  const constants = items(map.const)
  delete map.const
  if (constants.length === 0) return
  map.extension = [
    ...items(map.extension),
    ...constants.map((each) => ({
      url: CONSTANT,
      extension: [
        { url: 'name', valueId: each.name ?? null },
        { url: 'value', valueString: each.value ?? null },
      ],
    })),
  ]
}

function addExtension(element: JsonObject, extension: JsonObject): void {
  element.extension = [...items(element.extension), extension]
}

function readRule(rule: JsonObject): void {
  rule.name ??= ruleName(rule)
  rule.source ??= []
  for (const source of items(rule.source)) {
    if (!('defaultValue' in source)) continue
    addExtension(source, { url: DEFAULT, valueString: source.defaultValue })
    delete source.defaultValue
  }
  for (const target of items(rule.target)) readTarget(target)
  for (const dependent of items(rule.dependent)) {
    dependent.variable ??= items(dependent.parameter).map(dependentArgument)
    delete dependent.parameter
  }
  for (const nested of items(rule.rule)) readRule(nested)
}

function ruleName(rule: JsonObject): string {
  const element = items(rule.source)[0]?.element
  return typeof element === 'string' ? element : 'rule'
}

function dependentArgument(argument: JsonObject): string {
  if (typeof argument.valueId === 'string') return argument.valueId
  if (typeof argument.valueString === 'string') return quoteString(argument.valueString)
  for (const [member, value] of Object.entries(argument)) {
    if (!member.startsWith('value')) continue
    return /Date|Time/.test(member) ? `@${member === 'valueTime' ? 'T' : ''}${String(value)}` : String(value)
  }
  return '{}'
}

function readTarget(target: JsonObject): void {
  if (target.context !== undefined) target.contextType ??= 'variable'
  const modes = [target.listMode ?? []].flat()
  if (modes.includes('single')) {
    addExtension(target, { url: LIST_MODE, valueCode: 'single' })
    const rest = modes.filter((each) => each !== 'single')
    if (rest.length > 0) target.listMode = rest
    else delete target.listMode
  }
  for (const argument of items(target.parameter)) {
    const date = argument.valueDate ?? argument.valueDateTime
    const text =
      date !== undefined
        ? `@${String(date)}`
        : argument.valueTime !== undefined
          ? `@T${String(argument.valueTime)}`
          : undefined
    if (text === undefined) continue
    for (const member of ['valueDate', 'valueDateTime', 'valueTime']) delete argument[member]
    argument.valueString = text
    addExtension(argument, { url: EXPRESSION, valueBoolean: true })
  }
}
