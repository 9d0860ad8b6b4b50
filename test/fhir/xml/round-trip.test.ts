/**
 * JSON and XML say the same of every published artefact: JSON → XML → JSON and XML → JSON → XML change nothing. A sample by hash each
 * time; all of them where `VIDIMUS_PUBLISHED=all` (`npm run soak -- published`).
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stringifyJson } from '../../../src/base/json.ts'
import type { Json } from '../../../src/base/json-value.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import { asJson } from '../../../src/fhir/json.ts'
import { parseXml } from '../../../src/fhir/xml/read.ts'
import { writeXml } from '../../../src/fhir/xml/write.ts'
import { ofCore, ofOwn, ofWho, type Published } from '../../support/published-resources.ts'
import { overShared } from '../../support/shared.ts'

const isWhole = process.env.VIDIMUS_PUBLISHED === 'all'

/** Members in one order, decimals with their text; what JSON may write and XML cannot, as their reader has it. */
function canonical(value: Json): string {
  return stringifyJson(sorted(value))
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name] ?? null)]),
  )
}

function check(all: Iterable<Published>): number {
  let count = 0
  const faults: string[] = []
  for (const { name, resource } of all) {
    count++
    try {
      const xml = writeXml(resource)
      const back = parseXml(xml)
      if (canonical(asJson(back)) !== canonical(asJson(resource))) faults.push(`${name}: JSON → XML → JSON differs`)
      if (writeXml(back) !== xml) faults.push(`${name}: XML → JSON → XML differs`)
    } catch (error) {
      if (!(error instanceof FhirError)) throw error
      faults.push(`${name}: ${error.message} ${error.issues[0]?.expression}`)
    }
  }
  assert.deepEqual(faults, [])
  return count
}

describe('JSON and XML of what is published', () => {
  it('R4 core', () => assert.ok(check(ofCore(isWhole ? 1 : 40)) > 100))
  it('own content', () => assert.ok(check(ofOwn()) > 10))
  overShared.it("WHO's packages", () => assert.ok(check(ofWho(isWhole ? 1 : 20)) > 30))
})
