/** The header X-Provenance (https://hl7.org/fhir/R4/provenance.html#header): who vouches for what a request writes. */

import { structureFaults } from '../../fhir/check/resource.ts'
import { badRequest, FhirError, isError, issue } from '../../fhir/error.ts'
import { isOfType, parseJson } from '../../fhir/json.ts'
import type { Provenance } from '../../fhir/types.ts'

/** Longest header, in characters: what is longer is sent as a resource of a transaction. */
const longest = 64 * 1024

/** In place of what the server knows, where the structure is judged. */
const placeholder = {
  target: [{ reference: 'ValueSet/x' }],
  recorded: '2026-01-01T00:00:00Z',
  agent: [{ who: { display: 'x' } }],
}

/**
 * The Provenance in a header. Its target, the moment of recording and whoever had a part in the request are the server's to say.
 * @throws FhirError 400 for anything else than a Provenance without target in JSON on one line, 431 for a longer one
 */
export function readProvenanceHeader(text: string): Omit<Provenance, 'target'> {
  if (text.length > longest) {
    const told = 'X-Provenance is longer than 64 kB: send the Provenance as a resource of a transaction.'
    throw new FhirError(431, issue('too-long', told))
  }
  const given = parse(text)
  if (!isOfType(given, 'Provenance')) throw malformed('it is no Provenance')
  if (Object.hasOwn(given, 'target')) throw malformed('it has a target, which is what the request writes')
  const { recorded: _recorded, target: _target, ...members } = given
  const [fault] = structureFaults({ ...placeholder, ...members, id: 'header' }).filter(isError)
  if (fault) throw malformed(`it is no FHIR Provenance: ${fault.details?.text ?? fault.diagnostics ?? fault.code}`)
  return given
}

function parse(text: string): unknown {
  try {
    // Node reads headers as Latin-1; what was sent is UTF-8.
    return parseJson(Buffer.from(text, 'latin1'))
  } catch (error) {
    if (error instanceof FhirError) throw malformed('it is no JSON')
    throw error
  }
}

const malformed = (what: string) =>
  badRequest(`X-Provenance is a Provenance without target, in JSON on one line; ${what}.`, 'structure')
