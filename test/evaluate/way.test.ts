import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evaluateWay } from '../support/evaluate-way.ts'

test('one certificate takes at most 45 hops and 16 shapes through the house', async () => {
  const { files, hops, shapes } = await evaluateWay()
  assert.ok(files.includes('evaluate/verify/verify.ts') && files.includes('credentials/hcert/hcert.ts'))
  assert.ok(hops.length > 20 && hops.length <= 45, `${hops.length} hops:\n${hops.join('\n')}`)
  assert.ok(shapes.length > 5 && shapes.length <= 16, `${shapes.length} shapes:\n${shapes.join('\n')}`)
})

test('evaluate/ knows no format: a file of one is reached by a table alone', async () => {
  const { hops } = await evaluateWay()
  assert.deepEqual(
    hops.filter((hop) => /^evaluate\/.*→ credentials\//.test(hop)),
    [],
  )
  assert.ok(hops.includes('→ credentials/hcert/hcert.ts'))
})
