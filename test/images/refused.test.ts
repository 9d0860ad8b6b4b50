/** What is no picture, lies about itself or costs too much is refused with a sentence that says why; nothing of it is read in part. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createPictureReader } from '../../src/images/read-picture.ts'
import { type BrokenFile, brokenFile } from '../support/pictures/broken.ts'
import { programs } from '../support/pictures/programs.ts'
import cases from './cases/refused.json' with { type: 'json' }

interface Case {
  section: string
  name: string
  contentType?: string
  file: BrokenFile
  says: string
  tooCostly?: true
  /** The decoder may also make an empty page of it. */
  orNothing?: boolean
}

const read = createPictureReader(programs)

for (const [section, list] of Map.groupBy(cases as unknown as Case[], (each) => each.section)) {
  describe(`refused: ${section}`, () => {
    for (const { name, file, contentType, says, tooCostly, orNothing } of list) {
      it(name, async () => {
        const reading = await read({
          data: await brokenFile(file),
          ...(contentType === undefined ? {} : { contentType }),
        })
        if (orNothing && 'codes' in reading) return assert.deepEqual(reading.codes, [])
        assert.ok('fault' in reading, JSON.stringify(reading).slice(0, 200))
        assert.ok(reading.fault.includes(says), reading.fault)
        assert.equal(reading.tooCostly, tooCostly)
        assert.equal(reading.contradictory, section === 'media type' ? true : undefined)
      })
    }
  })
}
