/** The distance between what happens and where it stands: the files that one PUT of a ValueSet passes, none of them for nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { warmPut } from '../support/put-way.ts'
import { filesOfWay, wayOf } from '../support/way.ts'

const put = await warmPut()

test('a PUT of a ValueSet passes few files', async () => {
  const files = await filesOfWay(put)
  const ofHttp = files.filter((each) => each.startsWith('http/'))
  assert.ok(ofHttp.includes('http/interactions/update.ts') && files.includes('storage/sqlite/write.ts'), files.join())
  // Before the house was redrawn: 46 files, 30 of them in http/.
  assert.ok(files.length <= 25, `${files.length}: ${files.join(' ')}`)
  assert.ok(ofHttp.length <= 17, `${ofHttp.length}: ${ofHttp.join(' ')}`)
})

test('what is done nowhere is no way, and what is done often is counted', async () => {
  assert.deepEqual(await filesOfWay(async () => undefined), [])
  const way = await wayOf(async () => {
    await put()
    await put()
  })
  const written = way.get('storage/write.ts')?.find(({ name }) => name === 'completed')
  // Each write comes with its AuditEvent.
  assert.equal(written?.count, 4)
})
