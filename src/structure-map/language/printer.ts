import { exactNumber } from '../../base/exact-number.ts'
import type { Json } from '../../base/json-value.ts'
import { elementInfo, typeInfo } from '../../fhir/elements.ts'
import { asJson } from '../../fhir/json.ts'
import type { ConceptMap, StructureMap } from '../../fhir/types.ts'
import { constantsOf, DEFAULT, EXPRESSION, findExtension, LIST_MODE } from '../model/extensions.ts'
import {
  type Argument,
  defaultRuleName,
  elementPath,
  type Group,
  isShortForm,
  type Rule,
  type RuleSource,
  type RuleTarget,
} from '../model/structure.ts'
import { escapeText, quoteString } from './cursor.ts'
import { EQUIVALENCES } from './parse-concept-map.ts'
import { readR5 } from './spelling.ts'

/**
 * Writes a map in the FHIR Mapping Language: `///` metadata, concept maps, structures, imports, constants, groups.
 * The same map always gives the same text, and parsing that text gives the map again, documentation included; what
 * FML cannot say (`id`, `meta`, narrative, other contained resources) is left out. R5 spelling is read as R4.
 */
export function printMap(given: StructureMap): string {
  const map = readR5(given)
  const blocks = [
    metadata(map),
    ...(map.contained ?? []).filter((each): each is ConceptMap => each.resourceType === 'ConceptMap').map(conceptMap),
    (map.structure ?? []).flatMap((each) => [
      ...comments(each.documentation, ''),
      `uses ${double(each.url)}${each.alias ? ` alias ${name(each.alias)}` : ''} as ${each.mode}`,
    ]),
    (map.import ?? []).map((url) => `imports ${double(url)}`),
    constantsOf(map).map((each) => `let ${name(each.name)} = ${each.value};`),
    ...map.group.map(group),
  ]
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

const HEADER_ORDER = ['url', 'version', 'name', 'title', 'status']
const NOT_PRINTED = new Set([
  'resourceType',
  'id',
  'meta',
  'implicitRules',
  'text',
  'contained',
  'extension',
  'modifierExtension',
  'structure',
  'import',
  'group',
])

function metadata(map: StructureMap): string[] {
  const members = asJson(map) // read by name, as the element table lists them
  const names = (typeInfo('StructureMap')?.elements ?? []).map((each) => each.name)
  const ordered = [...HEADER_ORDER, ...names.filter((each) => !HEADER_ORDER.includes(each))]
  return ordered
    .filter((each) => !NOT_PRINTED.has(each) && members[each] !== undefined)
    .flatMap((each) => metadataLines('StructureMap', { path: each, member: each, value: members[each] ?? null }))
}

function metadataLines(type: string, at: { path: string; member: string; value: Json }): string[] {
  const info = elementInfo(type, at.member)
  if (!info) return []
  return [at.value].flat().flatMap((value) => {
    if (value === null || typeof value !== 'object') return [`/// ${at.path} = ${metadataValue(value)}`]
    if (Array.isArray(value)) return []
    const lines = Object.entries(value).flatMap(([member, inner]) =>
      metadataLines(info.childType, { path: `${at.path}.${member}`, member, value: inner }),
    )
    return [`/// ${at.path} =`, ...lines]
  })
}

function metadataValue(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return String(value)
  if (!value.includes('\n') || value.includes('"""') || /^\s|\s$/.test(value)) return quoteString(value)
  return `"""\n${value}\n"""`
}

const SIGNS = new Map<string, string>(
  Object.entries(EQUIVALENCES)
    .reverse()
    .map(([sign, code]) => [code, sign]),
)

function conceptMap(map: ConceptMap): string[] {
  const prefixes = new Map<string, string>()
  const prefixOf = (system: string, letter: string): string => {
    const key = `${letter} ${system}`
    if (!prefixes.has(key)) {
      const others = [...prefixes.values()].filter((each) => each.startsWith(letter)).length
      prefixes.set(key, others === 0 ? letter : `${letter}${others + 1}`)
    }
    return prefixes.get(key) ?? letter
  }
  const body: string[] = []
  for (const group of map.group ?? []) {
    const source = prefixOf(group.source ?? '', 's')
    const target = group.target === undefined ? '' : prefixOf(group.target, 't')
    if (group.unmapped) body.push(`  unmapped for ${source} = ${group.unmapped.mode}`)
    for (const element of group.element) {
      for (const each of element.target ?? []) {
        const left = `  ${source}:${double(element.code ?? '')}`
        const sign = SIGNS.get(each.equivalence) ?? '-'
        body.push(sign === '--' ? `${left} --` : `${left} ${sign} ${target}:${double(each.code ?? '')}`)
      }
    }
  }
  const declared = [...prefixes].map(
    ([key, prefix]) => `  prefix ${prefix} = ${double(key.slice(key.indexOf(' ') + 1))}`,
  )
  return [`conceptmap ${double(`#${map.id ?? ''}`)} {`, ...declared, '', ...body, '}']
}

function group(group: Group): string[] {
  const inputs = group.input.map((each) => `${each.mode} ${name(each.name)}${each.type ? ` : ${name(each.type)}` : ''}`)
  const mode = group.typeMode === 'types' ? ' <<types>>' : group.typeMode === 'type-and-types' ? ' <<type+>>' : ''
  const parent = group.extends ? ` extends ${name(group.extends)}` : ''
  return [
    ...comments(group.documentation, ''),
    `group ${name(group.name)}(${inputs.join(', ')})${parent}${mode} {`,
    ...group.rule.flatMap((each) => rule(each, '  ')),
    '}',
  ]
}

function rule(rule: Rule, indent: string): string[] {
  const documentation = comments(rule.documentation, indent)
  const label = rule.name === defaultRuleName(rule) ? '' : ` "${escapeText(rule.name, '"')}"`
  const [source] = rule.source
  const [target] = rule.target ?? []
  if (source && target && isShortForm(rule))
    return [...documentation, `${indent}${sourceText(source, false)} -> ${place(target)}${label};`]
  const sources = rule.source.map((each) => sourceText(each)).join(', ')
  const targets = (rule.target ?? []).map(targetText).join(', ')
  const calls = (rule.dependent ?? []).map((each) => `${name(each.name)}(${each.variable.join(', ')})`)
  const head = `${indent}${sources}${targets ? ` -> ${targets}` : ''}${calls.length > 0 ? ` then ${calls.join(', ')}` : ''}`
  if (!rule.rule?.length) return [...documentation, `${head}${label};`]
  const then = calls.length > 0 ? '' : ' then'
  return [
    ...documentation,
    `${head}${then} {`,
    ...rule.rule.flatMap((each) => ruleLines(each, indent)),
    `${indent}}${label};`,
  ]
}

const ruleLines = (each: Rule, indent: string): string[] => rule(each, `${indent}  `)

function sourceText(source: RuleSource, withVariable = true): string {
  const parts = [path(source.context, source.element)]
  if (source.type) parts.push(`: ${name(source.type)}`)
  if (source.min !== undefined || source.max !== undefined) parts.push(`${source.min ?? 0}..${source.max ?? '*'}`)
  const fallback = defaultText(source)
  if (fallback !== undefined) parts.push(`default (${fallback})`)
  if (source.listMode) parts.push(source.listMode)
  if (source.variable && withVariable) parts.push(`as ${name(source.variable)}`)
  if (source.condition) parts.push(`where (${source.condition})`)
  if (source.check) parts.push(`check (${source.check})`)
  if (source.logMessage) parts.push(`log (${source.logMessage})`)
  return parts.join(' ')
}

function defaultText(source: RuleSource): string | undefined {
  const expression = findExtension(source, DEFAULT)?.valueString
  if (expression !== undefined) return expression
  for (const [member, value] of Object.entries(source)) {
    if (!member.startsWith('defaultValue')) continue
    if (/Date|Instant|Time$/.test(member) && typeof value === 'string') return `@${value}`
    if (member === 'defaultValueDecimal') return decimal(source, member)
    if (typeof value === 'string') return quoteString(value)
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  }
  return undefined
}

function targetText(target: RuleTarget): string {
  const parts: string[] = []
  const transform = transformText(target)
  if (target.context !== undefined) parts.push(place(target))
  if (transform !== undefined) parts.push(target.context !== undefined ? `= ${transform}` : transform)
  if (target.variable) parts.push(`as ${name(target.variable)}`)
  for (const mode of target.listMode ?? [])
    parts.push(mode === 'share' ? `share ${name(target.listRuleId ?? '')}` : mode)
  if (findExtension(target, LIST_MODE)?.valueCode === 'single') parts.push('single')
  return parts.join(' ')
}

function transformText(target: RuleTarget): string | undefined {
  const { transform, parameter = [] } = target
  if (transform === undefined) return undefined
  const [only] = parameter
  if (transform === 'copy' && only && parameter.length === 1) return argument(only)
  if (transform === 'evaluate') {
    if (only && parameter.length === 1) return `(${argumentExpression(only)})`
    const [context, ...expressions] = parameter
    const rest = expressions.map(argumentExpression)
    return `evaluate(${[...(context ? [argument(context)] : []), ...rest].join(', ')})`
  }
  return `${transform}(${parameter.map(argument).join(', ')})`
}

function argumentExpression(given: Argument): string {
  return given.valueString ?? argument(given)
}

function argument(given: Argument): string {
  if (given.valueId !== undefined) return path(undefined, given.valueId)
  if (findExtension(given, EXPRESSION)) return `(${given.valueString ?? ''})`
  if (given.valueString !== undefined) return quoteString(given.valueString)
  if (given.valueInteger !== undefined) return String(given.valueInteger)
  if (given.valueDecimal !== undefined) return decimal(given, 'valueDecimal')
  if (given.valueBoolean !== undefined) return String(given.valueBoolean)
  return '{}'
}

function decimal(holder: object, member: string): string {
  const exact = exactNumber(holder, member)
  const value = Number(asJson(holder)[member])
  const text = exact !== undefined && !/e/i.test(exact) ? exact : plainNumber(value)
  return text.includes('.') ? text : `${text}.0`
}

/** Never in scientific notation, which FHIRPath does not have. */
function plainNumber(value: number): string {
  const text = String(value)
  return /e/i.test(text) ? value.toLocaleString('en', { useGrouping: false, maximumFractionDigits: 20 }) : text
}

function place(target: RuleTarget): string {
  return path(target.context, target.element)
}

function path(context: string | undefined, element: string | undefined): string {
  const parts = element === undefined ? [] : elementPath(element)
  return [...(context === undefined ? [] : [context]), ...parts].map(name).join('.')
}

function name(text: string): string {
  return /^[A-Za-z_]\w*$/.test(text) && text !== 'then' && text !== 'true' && text !== 'false'
    ? text
    : `\`${escapeText(text, '`')}\``
}

function double(text: string): string {
  return `"${escapeText(text, '"')}"`
}

function comments(documentation: string | undefined, indent: string): string[] {
  if (!documentation) return []
  return documentation
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => `${indent}// ${line}`)
}
