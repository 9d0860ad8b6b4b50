import type { ParameterDeclaration } from './operation.ts'

/** How often a parameter must and may stand. */
type Cardinality = '0..1' | '1..1' | '0..*' | '1..*'

/** What declarations of parameters have beside name, type and cardinality. */
type More = Pick<ParameterDeclaration, 'personal' | 'scope'>

/** Declares an in-parameter of a FHIR type (`Any` for any resource or value), or of parts. */
export function input(
  name: string,
  is: string | ParameterDeclaration[],
  documentation: string,
  more: Cardinality | (More & { cardinality?: Cardinality }) = '0..1',
): ParameterDeclaration {
  return declare('in', { name, is, documentation }, more)
}

/** Declares an out-parameter of a FHIR type, or of parts. */
export function output(
  name: string,
  is: string | ParameterDeclaration[],
  documentation: string,
  cardinality: Cardinality = '0..1',
): ParameterDeclaration {
  return declare('out', { name, is, documentation }, cardinality)
}

function declare(
  use: 'in' | 'out',
  { name, is, documentation }: { name: string; is: string | ParameterDeclaration[]; documentation: string },
  more: Cardinality | (More & { cardinality?: Cardinality }),
): ParameterDeclaration {
  const { cardinality = '0..1', ...rest } = typeof more === 'string' ? { cardinality: more } : more
  const [min, max = '1'] = cardinality.split('..')
  const declared = { name, use, min: Number(min), max, ...rest }
  return typeof is === 'string' ? { ...declared, type: is, documentation } : { ...declared, documentation, part: is }
}
