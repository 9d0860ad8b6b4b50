import type { Json, JsonObject } from '../../src/base/json-value.ts'
import { decodeCbor } from '../../src/credentials/encoding/cbor.ts'
import { readCborJson } from '../../src/credentials/encoding/cbor-json.ts'
import { type CborInput, encodeCbor } from '../../src/demo/cbor-encode.ts'
import { type SampleKind, type SampleOptions, samplePayload } from '../../src/demo/samples.ts'
import { cborOf, changed } from './cbor-json.ts'

/** How a case changes the certificate of a specimen. */
export interface Change {
  /** Values by path in the certificate, as {@link cborOf} reads them; the empty path is the whole. */
  set?: JsonObject
  drop?: string[]
  /** Further claims beside those that every certificate has; `{$text: …}` under a name that stays a text. */
  claims?: JsonObject
}

/** The payload of a specimen of that kind with another certificate, ready to be signed. */
export function changedSpecimen(
  kind: SampleKind,
  { set, drop, claims = {} }: Change,
  sample: SampleOptions,
): CborInput {
  const payload = samplePayload(kind, sample)
  const put = (certificate: CborInput): Map<CborInput, CborInput> => {
    if (!(payload instanceof Map)) return certificate instanceof Map ? certificate : new Map()
    return new Map([...payload, [-260, new Map([[certificateOf(payload).key, certificate]])]])
  }
  const before = payload instanceof Map ? certificateOf(payload).value : payload
  const after = put(cborOf(changed(jsonOf(before), set, drop)))
  for (const [name, value] of Object.entries(claims).map(claimOf)) after.set(name, value)
  return after
}

function certificateOf(payload: Map<CborInput, CborInput>): { key: CborInput; value: CborInput } {
  const hcert = payload.get(-260)
  const [[key, value] = [0, null]] = hcert instanceof Map ? [...hcert] : []
  return { key, value }
}

function jsonOf(item: CborInput): Json {
  const read = readCborJson(decodeCbor(encodeCbor(item), { depth: 32, items: 9999 })?.value)
  if (typeof read === 'string') throw new TypeError(read)
  return read.json
}

function claimOf([name, value]: [string, Json]): [CborInput, CborInput] {
  const isText = typeof value === 'object' && value !== null && '$text' in value
  return [isText || !/^-?\d+$/.test(name) ? name : Number(name), isText ? cborOf(Object(value).$text) : cborOf(value)]
}
