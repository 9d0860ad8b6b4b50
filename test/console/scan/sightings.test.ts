/** Which codes of a camera are news. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createSightings } from '../../../src/console/verify/scan/sightings.ts'

/** What is told of a film: at each time the codes in sight; a `~` before them when nobody wants to know. */
function told(film: [at: number, codes: string][]): string[] {
  const sightings = createSightings()
  return film.flatMap(([at, codes]) => {
    const isSilent = codes.startsWith('~')
    return sightings.see(codes.replace('~', '').split('').filter(Boolean), at, !isSilent).map((text) => `${at} ${text}`)
  })
}

/** The same codes ten times a second. */
const held = (from: number, to: number, codes: string): [number, string][] =>
  Array.from({ length: Math.round((to - from) / 100) }, (_, step) => [from + 100 * step, codes])

const cases: [what: string, film: [number, string][], expected: string[]][] = [
  ['a code that is held is told once', held(0, 60_000, 'A'), ['0 A']],
  [
    'pictures that cannot be read are no end of it',
    [...held(0, 500, 'A'), ...held(500, 2_800, ''), ...held(2_800, 3_000, 'A')],
    ['0 A'],
  ],
  [
    'what was gone for a while is told again',
    [...held(0, 500, 'A'), ...held(500, 3_500, ''), ...held(3_500, 4_000, 'A')],
    ['0 A', '3500 A'],
  ],
  [
    'even when nobody looked meanwhile',
    [
      [0, 'A'],
      [10_000, 'A'],
    ],
    ['0 A', '10000 A'],
  ],
  ['another code is told at once', [...held(0, 1_000, 'A'), ...held(1_000, 1_500, 'B')], ['0 A', '1000 B']],
  [
    'the first comes again after the other was shown for a while',
    [...held(0, 500, 'A'), ...held(500, 2_300, 'B'), ...held(2_300, 3_000, 'A')],
    ['0 A', '500 B', '2300 A'],
  ],
  [
    'and not when the other was seen in passing',
    [...held(0, 500, 'A'), ...held(500, 900, 'B'), ...held(900, 1_500, 'A')],
    ['0 A', '500 B'],
  ],
  [
    'two side by side are told once, also when they are read in turns',
    Array.from({ length: 100 }, (_, step): [number, string] => [100 * step, step % 8 === 0 ? 'AB' : 'A']),
    ['0 A', '0 B'],
  ],
  [
    'silence tells nothing, and nothing afterwards of what was told before it',
    [...held(0, 500, 'A'), ...held(500, 5_000, '~A'), ...held(5_000, 6_000, 'A')],
    ['0 A'],
  ],
  ['what came in silence is told when it ends', [...held(0, 1_000, '~A'), ...held(1_000, 2_000, 'A')], ['1000 A']],
  [
    'what was put away in silence is told when it comes again',
    [...held(0, 500, 'A'), ...held(500, 4_000, '~'), ...held(4_000, 5_000, 'A')],
    ['0 A', '4000 A'],
  ],
]

describe('codes before a camera', () => {
  for (const [what, film, expected] of cases) it(what, () => assert.deepEqual(told(film), expected))

  it('are forgotten when there are very many: the memory of a camera that films noise does not grow', () => {
    const sightings = createSightings()
    const many = Array.from({ length: 500 }, (_, number) => `code ${number}`)
    assert.equal(sightings.see(many, 0).length, 500)
    // The latest ones are known.
    assert.deepEqual(sightings.see(many.slice(-50), 100), [])
    assert.deepEqual(sightings.see(many.slice(0, 1), 200), many.slice(0, 1))
  })
})
