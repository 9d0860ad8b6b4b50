/**
 * Files that are made to fill the memory of whoever opens them: each is refused, in a process of its own, within 100 MB.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { makeTar, paxRecord, type TarEntry } from './make-archive.ts'

const root = mkdtempSync(join(tmpdir(), 'vidimus-bombs-'))
after(() => rmSync(root, { recursive: true, force: true }))

const mebibyte = 1 << 20
const mostKibibytes = 100 * 1024

/** One gzip file of parts that are packed once and stand there many times (RFC 1952 lets a file have several members). */
function packed(name: string, parts: [bytes: Uint8Array, times: number][]): string {
  const path = join(root, name)
  const file = openSync(path, 'w')
  const members = new Map<Uint8Array, Buffer>()
  for (const [bytes, times] of parts) {
    const member = members.get(bytes) ?? gzipSync(bytes, { level: 9 })
    members.set(bytes, member)
    const many = Buffer.concat(Array.from({ length: Math.min(times, 64) }, () => member))
    for (let left = times; left > 0; left -= 64) writeSync(file, many.subarray(0, member.length * Math.min(left, 64)))
  }
  closeSync(file)
  return path
}

/** The header of an entry that says how long it is. */
function header(name: string, size: number, kind = '0'): Buffer {
  const bytes = makeTar([{ name, content: '', kind }]).subarray(0, 512)
  bytes.write(size >= 8 ** 11 ? `\x80` : size.toString(8).padStart(11, '0'), 124, 'latin1')
  if (size >= 8 ** 11) bytes.writeBigUInt64BE(BigInt(size), 128)
  bytes.write('        ', 148)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

/** A file of zeros that takes no room on the disk, behind something. */
function sparse(name: string, start: string | Uint8Array, size: number): string {
  const path = join(root, name)
  writeFileSync(path, start)
  const file = openSync(path, 'r+')
  ftruncateSync(file, size)
  closeSync(file)
  return path
}

const zeros = Buffer.alloc(16 * mebibyte)
const half = zeros.subarray(0, 8 * mebibyte)
/** What packs to a fiftieth: it looks like a package. */
const plausible = Buffer.concat([randomBytes(20_000), Buffer.alloc(mebibyte - 20_000)])
const end = Buffer.alloc(1024)
const entries = (count: number, entry: TarEntry) =>
  makeTar(Array.from({ length: count }, () => entry)).subarray(0, -1024)
const file = header('package/a.json', 200 * mebibyte)

const bombs: [name: string, make: () => string, refusal: RegExp][] = [
  [
    '10 GB of zeros in files',
    () =>
      packed(
        'a.tgz',
        Array.from(
          { length: 50 },
          () =>
            [
              [file, 1],
              [zeros, 12],
              [half, 1],
            ] as [Uint8Array, number][],
        ).flat(),
      ),
    /^413 .*times its size/,
  ],
  [
    '10 GB of zeros behind the end mark',
    () =>
      packed('b.tgz', [
        [makeTar([{ name: 'a', content: '{}' }]), 1],
        [zeros, 640],
      ]),
    /^422 .*follows its end mark/,
  ],
  [
    '3 GB that pack to a fiftieth',
    () =>
      packed(
        'c.tgz',
        Array.from(
          { length: 15 },
          () =>
            [
              [file, 1],
              [plausible, 200],
            ] as [Uint8Array, number][],
        ).flat(),
      ),
    /^413 .*bytes unpacked/,
  ],
  [
    '300,000 empty files',
    () => packed('d.tgz', [[entries(1000, { name: 'package/x', content: '' }), 300]]),
    /^413 .*(entries|times its size)/,
  ],
  [
    '120,000 small files that do not pack well',
    () => packed('e.tgz', [[entries(1, { name: 'package/x', content: randomBytes(300) }), 120_000]]),
    /^413 .*100000 entries/,
  ],
  [
    'a name of 10,000 parts (pax)',
    () =>
      packed('f.tgz', [
        [
          makeTar([
            { name: 'x', content: paxRecord('path', 'a/'.repeat(10_000)), kind: 'x' },
            { name: 'a', content: '' },
          ]),
          1,
        ],
      ]),
    /^413 .*64 parts/,
  ],
  [
    'a name of 100 MB (GNU)',
    () =>
      packed('g.tgz', [
        [header('././@LongLink', 100 * mebibyte, 'L'), 1],
        [Buffer.alloc(mebibyte, 'a'), 100],
      ]),
    /^413 .*header of more than/,
  ],
  [
    'a size of 2^50 in a header',
    () =>
      packed('h.tgz', [
        [header('a', 2 ** 50), 1],
        [zeros, 4],
        [end, 1],
      ]),
    /^4(?:13|22) .*(?:file of more than|out of range)/,
  ],
  [
    'a size that is no number',
    () =>
      packed('i.tgz', [
        [
          makeTar([
            { name: 'x', content: paxRecord('size', '9'.repeat(15)), kind: 'x' },
            { name: 'a', content: '' },
          ]),
          1,
        ],
      ]),
    /^413 .*file of more than/,
  ],
  ['gzip in gzip', () => packed('j.tgz', [[gzipSync(gzipSync(zeros)), 1]]), /^422 .*(cut off|checksum)/],
  [
    'gzip in gzip in an archive',
    () => packed('k.tgz', [[makeTar([{ name: 'package/a.tgz', content: gzipSync(zeros) }]), 1]]),
    /^0 1 files/,
  ],
  ['a tar of 10 GB', () => sparse('l.tar', file, 10 * 2 ** 30), /^413/],
  ['a zip of 10 GB', () => sparse('m.zip', 'PK\x03\x04', 10 * 2 ** 30), /^413/],
  ['a zip that calls itself a package', () => sparse('n.tgz', 'PK\x03\x04', 900 * mebibyte), /^422 .*checksum/],
  ['JSON of 10 GB', () => sparse('o.json', '{"resourceType":"ValueSet","title":"', 10 * 2 ** 30), /^4(?:00|13|22)/],
  ['CSV of 10 GB', () => sparse('p.csv', '', 10 * 2 ** 30), /^422 .*columns/],
  ['CSV of 150 MB with one good line', () => sparse('q.csv', 'code\na\n', 150 * mebibyte), /^0 1 concepts/],
  ['NDJSON of 150 MB with one good line', () => sparse('r.ndjson', '{"code":"a"}\n', 150 * mebibyte), /^0 1 concepts/],
]

describe('bombs', () => {
  for (const [name, make, refusal] of bombs)
    it(name, () => {
      const path = make()
      const program = join(import.meta.dirname, 'open-bomb.ts')
      const { stdout, stderr } = spawnSync(process.execPath, [program, path], { encoding: 'utf8', timeout: 60_000 })
      const [told = '', grown = ''] = stdout.split('\n')
      assert.match(told, refusal, stderr)
      assert.ok(Number(grown) < mostKibibytes, `it took ${grown} KiB`)
      rmSync(path)
    })
})
