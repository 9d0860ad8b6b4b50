import type { LibraryText } from '../translate/library-text.ts'
import { terminologyLibraryId as id } from './functions.ts'

const version = '1.0.0'

const cql = `// Concept maps and properties of codes, which CQL itself does not know.
library ${id} version '${version}'

// What a code is by a concept map: the targets that say as much as the code or less (equal, equivalent, wider, subsumes), the closest
// first. A target that says more, or is only related, is none: the code does not say it. None where the map has none, an error where it
// is not here or not active.
define function Translate(code System.Code, conceptMap System.String) returns List<System.Code>: external

// Every target that a concept map has for a code, narrower and related ones too, but for unmatched and disjoint ones: who makes a product,
// which products a code of several may stand for.
define function Related(code System.Code, conceptMap System.String) returns List<System.Code>: external

// The values of a property of a code, as texts: none where the code has no such property, null where its system does not know the code,
// an error where the system is not here.
define function Property(code System.Code, property System.String) returns List<System.String>: external
`

/** The library, as every include of its name means it. */
export const terminologyLibrary: LibraryText = {
  canonical: `http://vidimus.org/fhir/Library/${id}|${version}`,
  identifier: { id, version },
  cql,
  elm: undefined,
}
