/** Summaries as the guides of IPS Pilgrimage and PH4H describe them: the examples of their packages. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { ipsKind, openIps } from '../../../src/credentials/ips/ips.ts'
import { mapContent } from '../../../src/evaluate/map/map-content.ts'
import { ownMapping } from '../../support/own-mapping.ts'
import { overShared, sharedPath } from '../../support/shared.ts'

/** One file of a package (a gzipped tar: headers of 512 bytes, name first, size in octal at 124). */
function fileOf(tgz: string, wanted: string): Json {
  const tar = gunzipSync(readFileSync(sharedPath(`igs/${tgz}`)))
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/s, '')
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8) || 0
    if (name === `package/${wanted}`) return JSON.parse(tar.toString('utf8', at + 512, at + 512 + size))
    at += 512 + Math.ceil(size / 512) * 512
  }
  throw new Error(`${tgz} has no ${wanted}`)
}

const dose = (patient: string): JsonObject => ({
  resourceType: 'Immunization',
  status: 'completed',
  vaccineCode: { coding: [{ system: 'http://id.who.int/icd/release/11/mms', code: 'XM0N24' }] },
  patient: { reference: patient },
  occurrenceDateTime: '2026-01-15',
})

overShared.describe('examples of the guides', () => {
  for (const [tgz, file] of [
    ['smart.who.int.ips-pilgrimage-r4.tgz', 'example/Bundle-MyIPS.json'],
    ['smart.who.int.ph4h-r4.tgz', 'example/Bundle-ExampleIPS.json'],
  ] as const) {
    const map = async (document: Json) => {
      const opened = openIps(document)
      assert.ok(typeof opened !== 'string', String(opened))
      assert.deepEqual(
        opened.obstacles.filter(({ blocks }) => blocks),
        [],
      )
      const input = ipsKind.input?.(opened.content)
      assert.ok(input)
      return mapContent([input], [], ownMapping())
    }

    overShared.it(`${tgz}: opens and maps without vaccinations`, async () => {
      const { obstacles, leftOut, coreDataSets, bundle } = await map(fileOf(tgz, file))
      assert.deepEqual([obstacles, leftOut, coreDataSets], [[], [], []])
      const types = new Set(bundle?.entry?.map(({ resource }) => resource?.resourceType))
      for (const type of ['Composition', 'Patient', 'Condition', 'AllergyIntolerance', 'MedicationStatement'])
        assert.ok(types.has(type as 'Patient'), type)
      assert.ok(!types.has('Observation'))
    })

    overShared.it(`${tgz}: with a vaccination, which has a core data set`, async () => {
      const document = fileOf(tgz, file) as JsonObject
      const entries = document.entry as JsonObject[]
      const patient = entries.find(({ resource }) => (resource as JsonObject).resourceType === 'Patient')
      Object.assign(Object(entries[0]?.resource), { date: '2026-02-01' })
      entries.push({ fullUrl: 'urn:uuid:dose', resource: dose(String(patient?.fullUrl)) })
      const { obstacles, coreDataSets, bundle } = await map(document)
      assert.deepEqual(obstacles, [])
      assert.equal(coreDataSets.length, 1)
      assert.equal(coreDataSets[0]?.name, 'Martha DeLarosa')
      assert.equal(bundle?.entry?.filter(({ resource }) => resource?.resourceType === 'Immunization').length, 1)
    })
  }
})
