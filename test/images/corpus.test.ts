import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { createPictureReader } from '../../src/images/read-picture.ts'
import { programs } from '../support/pictures/programs.ts'
import { isShared, overShared, sharedPath } from '../support/shared.ts'

const folder = sharedPath('corpora/credentials/shc/')
const files = isShared ? readdirSync(folder).filter((file) => /^image-.*\.json$/.test(file)) : []

overShared.describe('pictures of SMART Health Cards', () => {
  const read = createPictureReader(programs)
  overShared.it('there are some', () => assert.ok(files.length >= 3))
  for (const file of files) {
    overShared.it(file, async () => {
      const { image } = JSON.parse(readFileSync(`${folder}${file}`, 'utf8'))
      const reading = await read({ data: readFileSync(`${folder}${image.file}`), contentType: image.contentType })
      assert.ok('codes' in reading)
      assert.deepEqual(
        reading.codes.map(({ text }) => /^shc:\/\d+$/.test(text)),
        [true],
      )
    })
  }
})
