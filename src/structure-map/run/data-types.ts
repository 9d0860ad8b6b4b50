/** The transforms that make data types. */
import { keepExactNumber } from '../../base/exact-number.ts'
import { isJsonObject } from '../../base/json.ts'
import { decimalText } from '../model/decimal-text.ts'
import type { Node } from '../model/nodes.ts'
import { INFERRED } from '../model/types.ts'
import { ValueFault } from './fault.ts'
import { CODE, make, member, object, STRING, type TransformCall, text, URI } from './transform-call.ts'
import { copyValid } from './typed-copy.ts'

/** Without a code that FHIR allows there is no Coding: a system alone says nothing. */
export function coding({ arguments: [system, code, display], run }: TransformCall): Node | undefined {
  const value = member(run, 'Coding.code', CODE, code)
  if (value === undefined) return undefined
  return object('Coding', {
    system: member(run, 'Coding.system', URI, system),
    code: value,
    display: member(run, 'Coding.display', STRING, display),
  })
}

/** `cc(text)`, `cc(coding)` or `cc(system, code, display?)`: a CodeableConcept. */
export function cc(call: TransformCall): Node | undefined {
  const [first] = call.arguments
  if (call.arguments.length > 1) {
    const made = coding(call)
    return made && make({ coding: [made.value ?? null] }, 'CodeableConcept')
  }
  if (first?.type.name === 'Coding') {
    const copy = copyValid(first.value ?? null, first.type, call.run)
    return copy === undefined ? undefined : make({ coding: [copy] }, 'CodeableConcept')
  }
  const only = member(call.run, 'CodeableConcept.text', STRING, first)
  return only === undefined ? undefined : make({ text: only }, 'CodeableConcept')
}

/** `qty(text)` or `qty(value, unit, system?, code?)`: a Quantity. */
export function qty({ arguments: [value, unit, system, code], run }: TransformCall): Node | undefined {
  const given = text(value)
  if (given === undefined || given === '') return undefined
  const parts = /^\s*(<=|>=|<|>)?\s*([+-]?\d+(?:\.\d+)?)(?![\d.,])\s*(.*?)\s*$/.exec(given)
  if (!parts) throw new ValueFault('qty() needs a number, with or without a unit')
  const [, comparator, number, written = ''] = parts
  const within: Node = { value: written.replace(/^'(.*)'$/, '$1') || undefined, type: INFERRED.string }
  const named = member(run, 'Quantity.unit', STRING, unit ?? within)
  const url = member(run, 'Quantity.system', URI, system)
  const coded = member(run, 'Quantity.code', CODE, code ?? (url === undefined ? undefined : (unit ?? within)))
  const made = object('Quantity', { value: Number(number), comparator, unit: named, system: url, code: coded })
  const exact = decimalText(number)
  if (exact !== undefined && isJsonObject(made.value)) keepExactNumber(made.value, 'value', exact)
  return made
}

/** `id(system, value, type?)`: an Identifier. */
export function identifier({ arguments: [system, value, type], run }: TransformCall): Node | undefined {
  const given = member(run, 'Identifier.value', STRING, value)
  if (given === undefined) return undefined
  const kind = member(run, 'Identifier.type.coding.code', CODE, type)
  const concept =
    kind === undefined
      ? undefined
      : { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: kind }] }
  return object('Identifier', { type: concept, system: member(run, 'Identifier.system', URI, system), value: given })
}

/** `cp(value)` or `cp(system, value)`: a ContactPoint. */
export function contactPoint({ arguments: args, run }: TransformCall): Node | undefined {
  const [first, second] = args
  const value = member(run, 'ContactPoint.value', STRING, args.length > 1 ? second : first)
  if (value === undefined) return undefined
  const system = args.length > 1 ? member(run, 'ContactPoint.system', CODE, first) : contactSystem(value)
  return object('ContactPoint', { system, value })
}

function contactSystem(value: string): string | undefined {
  if (/^(https?|ftp):\/\//i.test(value)) return 'url'
  if (/^(mailto:)?\S+@\S+$/i.test(value)) return 'email'
  return /^(tel:)?\+?[\d\s()./-]{3,}$/i.test(value) ? 'phone' : undefined
}
