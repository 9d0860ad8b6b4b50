/** FHIR XML and the JSON that says the same, sentence by sentence (cases/*.json). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stringifyJson } from '../../../src/base/json.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import { asResource, parseJson } from '../../../src/fhir/json.ts'
import { parseXml } from '../../../src/fhir/xml/read.ts'
import { writeXml } from '../../../src/fhir/xml/write.ts'
import { readCases } from '../../support/cases.ts'

interface Case {
  name: string
  xml: string
  json?: string
  /** Said of XML that is refused. */
  refused?: string
  /** The XML is read so, and written otherwise. */
  one?: 'read'
}

for (const { file, source, cases } of readCases<Case>(new URL('cases/', import.meta.url)))
  describe(`${file} (${source})`, () => {
    for (const { name, xml, json, refused, one } of cases)
      it(name, () => {
        if (json === undefined) {
          assert.throws(
            () => parseXml(xml),
            (error) => error instanceof FhirError && new RegExp(refused ?? '(?!)').test(error.message),
          )
          return
        }
        assert.deepEqual(parseXml(xml), parseJson(json))
        // Numbers are equal by value; their texts must be, too.
        assert.equal(sorted(parseXml(xml)), sorted(parseJson(json)))
        const written = writeXml(asResource(parseJson(json)))
        if (one === undefined) assert.equal(written, `<?xml version="1.0" encoding="UTF-8"?>${xml}`)
        assert.equal(sorted(parseXml(written)), sorted(parseJson(json)))
      })
  })

const sorted = (value: unknown): string => {
  const pairs = stringifyJson(value, 1)
    .split('\n')
    .map((line) => line.replace(/,$/, '').trim())
  return pairs.sort().join('\n')
}
