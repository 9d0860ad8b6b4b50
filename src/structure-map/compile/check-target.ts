/** What is wrong with a target as it stands: it is told before anything runs. */
import { typeNames } from '../../fhir/elements.ts'
import { type Scope, slotOf } from '../fhirpath/scope.ts'
import { OPEN, typeOfPath } from '../fhirpath/static-type.ts'
import { EXPRESSION, findExtension } from '../model/extensions.ts'
import { nearest } from '../model/nearest-element.ts'
import { inferType } from '../model/nodes.ts'
import { type Argument, elementPath, type RuleTarget, type Transform } from '../model/structure.ts'
import { type ElementType, INFERRED, isA, plainTypeName, r4Name, r4Type, type Type, UNKNOWN } from '../model/types.ts'
import { canWrap, convertPrimitive } from '../run/convert.ts'
import { DATE_OPERATIONS, isDateText, isDateUnit } from '../run/date-operation.ts'
import { TEXT_FORMATS } from '../run/escape.ts'
import { TRANSLATION_FIELDS } from '../run/transforms.ts'
import type { MapScope } from './program.ts'

interface TargetPlace {
  scope: Scope
  map: MapScope
}

/** What `create('X')` makes: of the target's structures, else the R4 type of that name. */
export function createdType(map: MapScope, name: string): Type | undefined {
  return map.findType(name, 'target') ?? r4Type(r4Name(name) ?? '')
}

/** Type of what a target makes, as far as the definitions tell; what is wrong with the target is told. */
export function checkTarget(target: RuleTarget, { scope, map }: TargetPlace): Type | undefined {
  const owner = ownerType(target, scope)
  const path = target.element === undefined ? [] : elementPath(target.element)
  const type = typeOfPath(owner, path, { remarks: map.program, side: 'target' })
  checkArguments(target, map)
  const made = madeType(target, { scope, map })
  const holder =
    path.length > 1 ? typeOfPath(owner, path.slice(0, -1), { remarks: map.program, side: 'target' }) : owner
  const element = path.length === 0 ? undefined : holder?.element(path.at(-1) ?? '')
  if (element && made) checkFit(element, made, target, map)
  if (type) checkLiteral(target, type, map)
  if (target.transform !== 'create') return type ?? (path.length === 0 ? made : undefined)
  return target.parameter?.length ? made : type
}

function ownerType({ context }: RuleTarget, scope: Scope): Type | undefined {
  const slot = context === undefined ? undefined : scope.targets.get(context)
  return slot === undefined ? undefined : scope.counter.types[slot]
}

const literalOf = (argument: Argument | undefined) =>
  argument === undefined || findExtension(argument, EXPRESSION)
    ? undefined
    : (argument.valueString ?? argument.valueInteger ?? argument.valueDecimal ?? argument.valueBoolean)

/** Tells of a literal that FHIR would refuse for the element: it would be left out each time. */
function checkLiteral({ transform, parameter }: RuleTarget, type: Type, { program }: MapScope): void {
  const value = literalOf(parameter?.[0])
  if (transform !== 'copy' || value === undefined) return
  const reason = type.check?.(value)
  if (reason !== undefined && convertPrimitive(value, type) === undefined)
    program.problem(`the literal ${JSON.stringify(value)} is no ${type.name}: ${reason}`)
}

/** Literal arguments that a transform does not know, by the place of the argument. */
const ARGUMENT_FAULTS: Partial<Record<Transform, (at: number, value: unknown, map: MapScope) => string | undefined>> = {
  cast: (at, value, map) =>
    at !== 1 || r4Type(plainTypeName(String(value))) || map.findType(String(value), 'target')
      ? undefined
      : `cast() does not know the type '${value}'${nearest(String(value), typeNames())}`,
  translate: (at, value) => (at === 2 ? notAmong('translate() gives', TRANSLATION_FIELDS, value) : undefined),
  escape: (at, value) => (at > 0 ? notAmong('escape() knows', TEXT_FORMATS, String(value).toLowerCase()) : undefined),
  truncate: (at, value) =>
    at === 1 && !(Number.isInteger(value) && Number(value) >= 0) ? 'truncate() needs a whole number' : undefined,
  dateOp(at, value) {
    if (at === 0 && !isDateText(String(value))) return `dateOp() needs a date, not '${value}'`
    if (at === 1) return notAmong('dateOp() knows', DATE_OPERATIONS, String(value).toLowerCase())
    return at === 3 && !isDateUnit(String(value)) ? `dateOp() does not know the unit '${value}'` : undefined
  },
}

function notAmong(what: string, known: string[], value: unknown): string | undefined {
  const text = String(value)
  return known.includes(text) ? undefined : `${what} ${known.join(', ')}, not '${text}'${nearest(text, known)}`
}

function checkArguments({ transform, parameter = [], context }: RuleTarget, map: MapScope): void {
  const { program } = map
  if (transform === 'create' && parameter.length === 0 && context === undefined)
    program.problem('create() without a type needs a target element')
  const created = transform === 'create' ? literalOf(parameter[0]) : undefined
  if (typeof created === 'string' && !created.includes('/') && !createdType(map, created) && !map.declares(created))
    program.doubt('unknown-type', `create() does not know the type '${created}'${nearest(created, typeNames())}`)
  const faultOf = transform === undefined ? undefined : ARGUMENT_FAULTS[transform]
  if (!faultOf) return
  for (const [at, argument] of parameter.entries()) {
    const value = literalOf(argument)
    const fault = value === undefined ? undefined : faultOf(at, value, map)
    if (fault !== undefined) program.problem(fault)
  }
}

/** Types that transforms make whatever they are given. */
const MADE: Partial<Record<Transform, string>> = {
  c: 'Coding',
  cc: 'CodeableConcept',
  qty: 'Quantity',
  id: 'Identifier',
  cp: 'ContactPoint',
  uuid: 'id',
  pointer: 'uri',
  append: 'string',
  truncate: 'string',
  escape: 'string',
  reference: 'string',
}

/** The type of the value that a target's transform gives, where that is certain. */
function madeType({ transform, parameter = [] }: RuleTarget, { scope, map }: TargetPlace): Type | undefined {
  const [first] = parameter
  if (transform === 'create')
    return typeof first?.valueString === 'string' ? createdType(map, first.valueString) : undefined
  if (transform !== 'copy') return r4Type((transform && MADE[transform]) ?? '')
  const literal = literalOf(first)
  if (literal !== undefined) return inferType(literal)
  const slot = first?.valueId === undefined ? undefined : slotOf(scope, first.valueId)
  return slot === undefined ? undefined : scope.counter.types[slot]
}

/** Tells of a value that the element cannot hold: of a primitive when it is an object, or the other way round. */
function checkFit(element: ElementType, made: Type, { transform }: RuleTarget, { program }: MapScope): void {
  const { types, name } = element
  if (types.length === 0 || isVague(made) || types.some((type) => isVague(type) || canHold(type, made))) return
  const wanted = types.map((type) => type.name).join(' or ')
  const text = `'${name}' takes ${wanted}, not the ${made.name} that ${transform}() gives`
  const isImpossible = types.every((type) => (type.kind === 'primitive') !== (made.kind === 'primitive'))
  if (isImpossible && types.length === 1) program.problem(text, 'type-mismatch')
  else program.doubt('type-mismatch', text)
}

const isVague = (type: Type) =>
  type === UNKNOWN || type.kind === 'unknown' || type.kind === 'logical' || OPEN.has(type.name)

function canHold(type: Type, made: Type): boolean {
  if (isA(made, type) || isA(type, made) || canWrap(made.name, type.name)) return true
  if (type.kind === 'primitive') return made.kind === 'primitive' || made.element('value') !== undefined
  return (
    made.kind === 'primitive' &&
    (canWrap('string', type.name) || (made === INFERRED.integer && canWrap('decimal', type.name)))
  )
}
