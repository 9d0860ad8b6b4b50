/** A value set in the form of the EU as the ValueSet that publishes it. */
import { unprocessable } from '../../fhir/error.ts'
import type { Issue, ValueSet } from '../../fhir/types.ts'
import {
  type EuCode,
  euTextExtension,
  euValueSetIds,
  notCodes,
  readEuValueSet,
} from '../../gateway/legacy/eu-value-set.ts'

/**
 * Makes a ValueSet of a file with `valueSetId`, `valueSetDate` and `valueSetValues`: the url is `<canonical>/ValueSet/<valueSetId>`, the
 * version the date. It keeps the text byte for byte, and codes that are no longer issued, for they are still verified.
 * @param canonical base of canonical urls, e.g. `http://example.org/fhir`
 * @throws FhirError 422 when it is none
 */
export function readEuValueSetFile(
  text: Uint8Array,
  canonical: string,
): { resource: ValueSet; issues: Issue[] } | { skipped: string } {
  const read = readEuValueSet(text)
  // The EU publishes another file whose values are instructions for issuers.
  if (read === notCodes) return { skipped: `not a value set of the EU: ${read}` }
  if (typeof read === 'string') throw unprocessable(`not a value set of the EU: ${read}`, 'structure')
  const { id, date, codes } = read
  if (codes.length === 0) throw unprocessable('not a value set of the EU: it has no codes', 'structure')
  const include = [...Map.groupBy(codes, ({ system }) => system)].map(([system, ofIt]) => ({
    system,
    concept: ofIt.map(({ code, display }: EuCode) => (display === '' ? { code } : { code, display })),
  }))
  const name = id.replace(/[^A-Za-z0-9]+/g, '_')
  const resource: ValueSet = {
    resourceType: 'ValueSet',
    id: `eu-${id}-${date}`.slice(0, 64),
    url: `${canonical.replace(/\/+$/, '')}/ValueSet/${id}`,
    version: date,
    name: /^[A-Z]/.test(name) ? name : `Eu_${name}`,
    status: 'active',
    date,
    identifier: [{ system: euValueSetIds, value: id }],
    extension: [
      {
        url: euTextExtension,
        valueAttachment: { contentType: 'application/json', data: Buffer.from(text).toString('base64') },
      },
    ],
    compose: { inactive: true, include },
  }
  return { resource, issues: [] }
}
