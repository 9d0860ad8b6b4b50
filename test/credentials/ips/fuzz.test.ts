/** Whatever is given as a summary is one or is not: nothing throws, nothing runs without end. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isJsonObject } from '../../../src/base/json.ts'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { ipsKind, openIps } from '../../../src/credentials/ips/ips.ts'
import { sampleSummary } from '../../../src/demo/sample-summary.ts'

const specimen = sampleSummary({ issuedAt: new Date('2026-05-01T10:00:00Z') })

/** Every place in the specimen: its path. */
function placesIn(json: Json, path: (string | number)[] = []): (string | number)[][] {
  if (Array.isArray(json)) return [path, ...json.flatMap((each, at) => placesIn(each, [...path, at]))]
  if (!isJsonObject(json)) return [path]
  return [path, ...Object.entries(json).flatMap(([name, each]) => placesIn(each, [...path, name]))]
}
const places = placesIn(specimen).filter((path) => path.length > 0)

function withChange(path: (string | number)[], value: Json): JsonObject {
  const whole = structuredClone(specimen)
  let holder: Record<string | number, Json> = whole
  for (const step of path.slice(0, -1)) holder = holder[step] as Record<string, Json>
  holder[path.at(-1) ?? ''] = value
  return whole
}

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }).map((value) => value as Json),
  fc.constantFrom<Json>(
    '',
    '-',
    null,
    [],
    {},
    [null],
    [''],
    0,
    -1,
    1e300,
    'constructor',
    '__proto__',
    '#a',
    'urn:uuid:',
  ),
)

/** Opens it and makes what maps get: either a text why not, or one summary whose Patient is the one. */
function read(document: Json): void {
  const opened = openIps(document)
  if (typeof opened === 'string') return
  assert.deepEqual(opened.events, ['s'])
  const entries = isJsonObject(opened.content) ? opened.content.entry : undefined
  assert.ok(Array.isArray(entries))
  const input = ipsKind.input?.(opened.content)
  assert.ok(input && input.events <= entries.length)
  const text = JSON.stringify(opened.obstacles) + JSON.stringify(opened.remarks)
  assert.ok(!text.includes('Specimen') && !text.includes('1985-03-14'), 'what is told quotes the person')
}

describe('a summary, read', () => {
  it('takes any JSON', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), (json) => read(json as Json)))
  })

  it('takes any value in any place', () => {
    fc.assert(
      fc.property(fc.constantFrom(...places), odd, (path, value) => read(withChange(path, value))),
      { numRuns: 2000 },
    )
  })

  it('is refused when it is deep, wide or long', () => {
    let deep: Json = 'x'
    for (let level = 0; level < 200_000; level++) deep = [deep]
    const cases: JsonObject[] = [
      { ...specimen, meta: deep } as JsonObject,
      { ...specimen, meta: { tag: new Array(100_001).fill('x') } },
      { ...specimen, entry: [...(specimen.entry as Json[]), ...new Array(1001).fill({ resource: {} })] },
    ]
    for (const each of cases) assert.equal(typeof openIps(each), 'string')
  })

  it('takes members that other prototypes have for what they are', () => {
    const poisoned = JSON.parse(
      JSON.stringify(specimen).replace('"resourceType"', '"__proto__":{"a":1},"resourceType"'),
    )
    read(poisoned)
    assert.equal(Object.hasOwn(Object.prototype, 'a'), false)
  })
})
