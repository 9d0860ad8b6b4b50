/** The commands for authors and trainers: `issue`, `decode`, `evaluate --explain`. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { type RanCommand, runCommand } from '../support/run-command.ts'

const root = resolve(import.meta.dirname, '../..')
const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-authors-'))
const out = join(dataDir, 'issued')
after(() => rmSync(dataDir, { recursive: true, force: true }))

const vidimus = (args: string[], input = '') =>
  runCommand(
    args,
    { PATH: process.env.PATH ?? '', DATA_DIR: dataDir, TRUST_LISTS: join(out, 'trust-lists.json') },
    input,
  )

const examples = join(root, 'docs/issuing')
const file = (name: string) => join(out, name)
let issued: RanCommand
before(async () => {
  const names = readdirSync(examples).map((name) => join(examples, name))
  issued = await issue(names)
})

/** In a process of its own, as an author starts it. Before there are lists, there is no file that names them. */
function issue(names: string[]): Promise<RanCommand> {
  return new Promise((done) => {
    const options = { cwd: root, env: { PATH: process.env.PATH ?? '', DATA_DIR: dataDir } }
    execFile(process.execPath, ['src/main.ts', 'issue', ...names, '--out', out], options, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr })
    })
  })
}

test('issue writes text, SVG and PNG of every description, and the lists that trust them', () => {
  assert.equal(issued.code, 0, issued.stderr)
  const written = readdirSync(out)
  for (const name of readdirSync(examples).map((each) => each.replace('.yaml', '')))
    for (const ending of ['txt', 'svg', 'png']) assert.ok(written.includes(`${name}.${ending}`), `${name}.${ending}`)
  assert.deepEqual([...readFileSync(file('card.png')).subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47])
  assert.match(readFileSync(file('card.svg'), 'utf8'), /<svg/)
  assert.match(issued.stdout, /^vaccination +hcert-dcc +\d+ characters +txt, svg, png \(error correction Q\)$/m)
  assert.equal(statSync(join(dataDir, 'demo/keys/dsc-key.pem')).mode & 0o077, 0)
})

test('what was issued is judged as any other', async () => {
  const { code, stdout, stderr } = await vidimus(['evaluate', file('vaccination.txt')])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^ACCEPTED[\s\S]*name +Ada TEST Specimen/)
})

test('issue tells every fault of a description with its place, and issues the others', async () => {
  const bad = join(dataDir, 'bad.yaml')
  writeFileSync(bad, 'format: hcert-dcc\nexpires: never\ncontent:\n  naam: {}\n')
  const { code, stdout, stderr } = await vidimus([
    'issue',
    bad,
    join(examples, 'seal.yaml'),
    '--out',
    join(dataDir, 'o'),
  ])
  assert.equal(code, 1)
  assert.match(stderr, /bad\.yaml: line 4, column 3: unknown member naam; nam is the nearest/)
  assert.match(stderr, /bad\.yaml: line 2, column 10: expires must be/)
  assert.match(stdout, /^seal +icao-vds-nc/m)
  const odd = readFileSync(join(examples, 'vaccination.yaml'), 'utf8').replace('"840539006"', '840539006')
  const number = await vidimus(['issue', '-', '--out', join(dataDir, 'o')], odd)
  assert.equal(number.code, 1)
  assert.match(number.stderr, /-: line 4, column 3: hcert-dcc: v\.tg is not a code and was left out/)
  assert.equal((await vidimus(['issue', '-', '--lenient', '--out', join(dataDir, 'o')], odd)).code, 0)
})

test('issue writes nothing beside the folder, nothing over what it wrote, and reads no file without end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-names-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const good = readFileSync(join(examples, 'seal.yaml'))
  const inner = join(folder, 'in')
  mkdirSync(join(inner, 'again'), { recursive: true })
  for (const name of ['...yaml', '.yaml', 'a.yaml', 'again/a.yaml']) writeFileSync(join(inner, name), good)
  writeFileSync(join(inner, 'long.yaml'), Buffer.alloc(2_000_000, 'a'))
  const run = (...names: string[]) =>
    vidimus(['issue', ...names.map((each) => join(inner, each)), '--out', join(folder, 'out')])
  for (const name of ['...yaml', '.yaml']) {
    const { code, stderr } = await run(name)
    assert.deepEqual([code, /nothing before the ending/.test(stderr)], [1, true], stderr)
  }
  const twice = await run('a.yaml', 'again/a.yaml')
  assert.deepEqual([twice.code, /another description is called a, too/.test(twice.stderr)], [1, true], twice.stderr)
  const long = await run('long.yaml')
  assert.notEqual(long.code, 0)
  assert.match(long.stderr, /longer than/)
  assert.deepEqual(readdirSync(folder).sort(), ['in', 'out'])
})

test('a credential without end is refused, and no text of one moves the cursor', {
  skip: !existsSync('/dev/zero'),
}, async () => {
  for (const command of ['decode', 'evaluate']) {
    const { code, stderr } = await vidimus([command, '/dev/zero'])
    assert.notEqual(code, 0)
    assert.match(stderr, /longer than/)
  }
})

test('issue refuses keys that it did not make', async () => {
  const foreign = mkdtempSync(join(tmpdir(), 'vidimus-foreign-'))
  after(() => rmSync(foreign, { recursive: true, force: true }))
  const args = ['issue', join(examples, 'seal.yaml'), '--out', join(dataDir, 'o'), '--keys', foreign]
  assert.equal((await vidimus(args)).code, 0)
  writeFileSync(join(foreign, 'demo/trust/sca.pem'), readFileSync(join(dataDir, 'demo/trust/dsc.pem')))
  const { code, stderr } = await vidimus(args)
  assert.equal(code, 2)
  assert.match(stderr, /holds keys that this program did not make/)
})

test('decode prints what maps read, and says that it is not verified', async () => {
  const { code, stdout, stderr } = await vidimus(['decode', file('vaccination.txt')])
  assert.equal(code, 0, stderr)
  assert.match(stderr, /^not verified/)
  const decoded = JSON.parse(stdout)
  assert.equal(decoded.verified, false)
  assert.equal(decoded.format, 'hcert-dcc')
  assert.equal(decoded.kinds[0].claims['-260']['1'].dob, '1985-03-14')
  assert.equal(decoded.kinds[0].composition.data.dcc.dob, '1985-03-14')
  assert.match(decoded.kinds[0].maps.coreDataSet[0], /HcertDccToCoreDataSet/)
  const text = readFileSync(file('vaccination.txt'), 'utf8')
  assert.equal(JSON.parse((await vidimus(['decode', '-'], text)).stdout).format, 'hcert-dcc')
  assert.equal(JSON.parse((await vidimus(['decode', '--text', text.trim()])).stdout).format, 'hcert-dcc')
})

test('decode --verify ends with 4 for what is not verified; what cannot be read ends with 1', async () => {
  const good = await vidimus(['decode', '--verify', file('card.txt')])
  assert.deepEqual([good.code, JSON.parse(good.stdout).status], [0, 'VERIFIED'])
  const early = await vidimus(['decode', '--verify', '--at', '2021-01-01T00:00:00Z', file('card.txt')])
  assert.equal(early.code, 4)
  assert.deepEqual([JSON.parse(early.stdout).verified, JSON.parse(early.stdout).status], [false, 'NOT_YET_VALID'])
  const broken = await vidimus(['decode', '-'], 'HC1:abc')
  assert.equal(broken.code, 1)
  assert.match(broken.stderr, /not decoded: encoding/)
  for (const args of [
    ['decode'],
    ['decode', 'x', '--text', 'y'],
    ['decode', '--at', '2021-01-01', 'x'],
    ['decode', file('card.png')],
  ])
    assert.equal((await vidimus(args)).code, 2, args.join(' '))
})

test('evaluate --explain shows every layer with its place, and nothing of the person unless asked', async () => {
  const { code, stdout } = await vidimus([
    'evaluate',
    '--explain',
    '--at',
    '2021-01-01T00:00:00Z',
    file('vaccination.txt'),
  ])
  assert.equal(code, 4)
  for (const line of [
    /^base45 +at 4 +\d+ characters/m,
    /^zlib +at 0/m,
    /^COSE_Sign1 .*algorithm ES256, key id /m,
    /^ {2}exp \(4\) /m,
  ])
    assert.match(stdout, line)
  assert.doesNotMatch(stdout, /Specimen|1985/)
  const shown = await vidimus(['evaluate', '--explain', '--show-content', '--json', file('vaccination.txt')])
  const json = JSON.parse(shown.stdout)
  assert.equal(json.evaluation.resourceType, 'Parameters')
  assert.ok(json.layers.some(({ content }: { content?: unknown }) => JSON.stringify(content)?.includes('1985-03-14')))
  assert.equal((await vidimus(['evaluate', '--show-content', file('vaccination.txt')])).code, 2)
})

test('evaluate --explain tells where a broken text cannot be read, and of a picture which codes are on it', async () => {
  const text = readFileSync(file('vaccination.txt'), 'utf8')
  const broken = await vidimus(['evaluate', '--explain', '-'], `${text.slice(0, 40)}a${text.slice(41)}`)
  assert.equal(broken.code, 4)
  assert.match(broken.stdout, /^base45 .*✗ from 36 on: /m)
  const picture = await vidimus(['evaluate', '--explain', file('vaccination.png')])
  assert.equal(picture.code, 0, picture.stderr)
  assert.match(picture.stdout, /^Code 1 of 1 \(QRCode, page 1\)\nLayers \(hcert\)[\s\S]*^ACCEPTED/m)
  assert.equal((await vidimus(['evaluate', file('seal.png'), file('card.png')])).code, 2)
})

test('a file that is neither text nor a picture that is read is told so', async () => {
  const gif = join(dataDir, 'code.gif')
  writeFileSync(gif, Buffer.from('GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff', 'latin1'))
  const { code, stderr } = await vidimus(['evaluate', gif])
  assert.equal(code, 2)
  assert.match(stderr, /code\.gif is neither the text of a code \(UTF-8\) nor a picture that is read: PNG/)
})

test('evaluate --with adds parameters to the question, and refuses what is none', async () => {
  const added = join(dataDir, 'added.json')
  const ask = (parameter: unknown) => {
    writeFileSync(added, JSON.stringify({ resourceType: 'Parameters', parameter }))
    return vidimus(['evaluate', file('vaccination.txt'), '--with', added])
  }
  const other = [{ name: 'name', valueString: 'MUSTER EVA' }]
  const differs = await ask([{ name: 'identity', part: other }])
  assert.equal(differs.code, 1, differs.stderr)
  assert.match(differs.stdout, /^REJECTED/)
  const card = readFileSync(file('card.txt'), 'utf8').trim()
  const both = await ask([{ name: 'furtherCredential', part: [{ name: 'credential', valueString: card }] }])
  assert.equal(both.code, 0, both.stderr)
  assert.match(both.stdout, /^\[2\/2\]$/m)
  assert.doesNotMatch(both.stdout, /No rule applied/)
  for (const [parameter, says] of [
    [[{ name: 'identty', part: other }], /identty.*identity/],
    [[null], /must be a JSON object/],
    [[{ name: 'credential', valueString: card }], /credential/],
    [[{ name: 'jurisdiction', valueString: 'CH' }], /jurisdiction/],
    [{}, /list|array/],
  ] as const) {
    const refused = await ask(parameter)
    assert.equal(refused.code, 2, refused.stdout)
    assert.match(refused.stderr, says)
  }
  writeFileSync(added, '{"resourceType":')
  const broken = await vidimus(['evaluate', file('vaccination.txt'), '--with', added])
  assert.equal(broken.code, 2)
  assert.match(broken.stderr, /added\.json is not JSON: /)
})

test('labels come in the language that is asked for', async () => {
  const { stdout } = await vidimus(['evaluate', '--language', 'fr-CA', file('vaccination.txt')])
  assert.match(
    stdout,
    /^ACCEPTÉ {2}\(statut VERIFIED, au [\s\S]*Contrôles\n[\s\S]*✓ +période de validité[\s\S]*Règles\n[\s\S]*: vrai/,
  )
  assert.match((await vidimus(['evaluate', '--language', 'xx', file('vaccination.txt')])).stdout, /^ACCEPTED/)
})
