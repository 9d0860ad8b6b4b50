/** The files of deploy/, the Dockerfile and docker-compose.yml say what the software does: names of settings, ports, probes, paths. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { settings } from '../../src/config/settings.ts'
import { readConfig } from '../../src/config.ts'
import { finishMilliseconds } from '../../src/http/app.ts'
import { openTestServer } from '../support/loaded-server.ts'

const root = resolve(import.meta.dirname, '../..')
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8')
const known = new Set(
  settings.flatMap(({ variable, ...each }) => ('secret' in each ? [variable, `${variable}_FILE`] : [variable])),
)

/** Manifests are read as what they are; what is not there is undefined and fails where it is needed. */
type Part = { [name: string]: Part } & Part[] & string
const manifests = readdirSync(join(root, 'deploy/kubernetes')).flatMap((file) =>
  parseAllDocuments(read('deploy/kubernetes', file)).map((each) => {
    assert.deepEqual(each.errors, [], file)
    return each.toJS() as Part
  }),
)
const manifest = (kind: string, name = 'vidimus') => {
  const found = manifests.find((each) => each.kind === kind && each.metadata?.name === name)
  assert.ok(found, `${kind} ${name}`)
  return found
}
const deployment = manifest('Deployment')
const pod = deployment.spec?.template?.spec as Part
const container = pod.containers?.[0] as Part
const config = manifest('ConfigMap').data as unknown as Record<string, string>

/** Names of settings that a text gives or shows as a remark. */
const namesIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = '']) => name)

describe('settings', () => {
  const texts: [file: string, pattern: RegExp][] = [
    ['deploy/systemd/vidimus.env', /^(?:# )?([A-Z][A-Z0-9_]+)=/gm],
    ['deploy/systemd/vidimus.service', /^Environment=([A-Z][A-Z0-9_]+)=/gm],
    ['deploy/systemd/vidimus-backup.service', /^Environment=([A-Z][A-Z0-9_]+)=/gm],
    ['deploy/kubernetes/config.yaml', /^ {2}(?:# )?([A-Z][A-Z0-9_]+):/gm],
    ['deploy/kubernetes/backup.yaml', /name: ([A-Z][A-Z0-9_]+),/g],
    ['docker-compose.yml', /^ {6}(?:# )?([A-Z][A-Z0-9_]+):/gm],
    ['Dockerfile', /(?:ENV |(?<=ENV .*) )([A-Z][A-Z0-9_]+)=/g],
  ]
  for (const [file, pattern] of texts)
    it(`of ${file} are known`, () => {
      const names = namesIn(read(file), pattern)
      assert.ok(names.length > 0)
      assert.deepEqual(
        names.filter((name) => !known.has(name)),
        [],
      )
    })

  it('that are given are accepted, by a production server', () => {
    const pairs = read('deploy/systemd/vidimus.env').matchAll(/^([A-Z0-9_]+)=(.*)$/gm)
    const environment = Object.fromEntries([...pairs].map(([, name = '', value = '']) => [name, value]))
    for (const given of [environment, config]) {
      const { production, developmentToken } = readConfig({ NODE_ENV: 'production', DATA_DIR: tmpdir(), ...given })
      assert.deepEqual([production, developmentToken], [true, undefined])
    }
  })
})

describe('Kubernetes', () => {
  it('has each manifest in its kustomization, and no other', () => {
    const { resources } = parse(read('deploy/kubernetes/kustomization.yaml')) as { resources: string[] }
    const files = readdirSync(join(root, 'deploy/kubernetes')).filter((name) => name !== 'kustomization.yaml')
    assert.deepEqual([...resources].sort(), files.sort())
  })

  it('runs one server at a time over one store', () => {
    assert.equal(Number(deployment.spec?.replicas), 1)
    assert.equal(deployment.spec?.strategy?.type, 'Recreate')
    const budget = manifest('PodDisruptionBudget').spec as Part
    assert.equal(Number(budget.maxUnavailable), 1)
  })

  it('selects what it labels', () => {
    const labels = JSON.stringify(deployment.spec?.template?.metadata?.labels)
    for (const selector of [
      deployment.spec?.selector?.matchLabels,
      manifest('Service').spec?.selector,
      manifest('PodDisruptionBudget').spec?.selector?.matchLabels,
    ])
      assert.equal(JSON.stringify(selector), labels)
  })

  it('listens where its service and its policy lead to', () => {
    const [port] = container.ports as Part
    assert.equal(String(port?.containerPort), config.PORT)
    assert.equal(config.HOST, '0.0.0.0')
    assert.equal(manifest('Service').spec?.ports?.[0]?.targetPort, port?.name)
    assert.equal(manifest('NetworkPolicy').spec?.ingress?.[0]?.ports?.[0]?.port, port?.containerPort)
  })

  it('mounts what settings name, and every volume that it has', () => {
    const first = pod.initContainers?.[0] as Part
    const mounts = [...(container.volumeMounts as Part), ...(first.volumeMounts as Part)]
    const names = new Set(mounts.map(({ name }) => name))
    assert.deepEqual([...names].sort(), (pod.volumes as Part).map(({ name }) => name).sort())
    const shown = read('deploy/kubernetes/config.yaml').matchAll(/^ {2}(?:# )?[A-Z_]+: (\/[a-z]+)/gm)
    const paths = mounts.map(({ mountPath }) => String(mountPath))
    for (const [, folder = ''] of shown) assert.ok(paths.includes(folder), folder)
    assert.ok(paths.includes(config.DATA_DIR ?? ''))
  })

  it('gives no process more than it needs', () => {
    const job = manifest('CronJob', 'vidimus-backup').spec?.jobTemplate?.spec?.template?.spec as Part
    for (const spec of [pod, job]) {
      assert.equal(JSON.stringify(spec.automountServiceAccountToken), 'false')
      assert.equal(JSON.stringify(spec.securityContext?.runAsNonRoot), 'true')
      assert.equal(spec.securityContext?.seccompProfile?.type, 'RuntimeDefault')
      for (const each of [...(spec.containers as Part), ...((spec.initContainers ?? []) as Part)]) {
        const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } = each.securityContext as Part
        assert.equal(
          JSON.stringify([allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities]),
          '[false,true,{"drop":["ALL"]}]',
        )
        assert.ok(each.resources?.limits?.memory, 'a limit of memory')
      }
    }
  })

  it('is taken by kustomize', {
    skip: spawnSync('kubectl', ['version', '--client']).status !== 0 && 'kubectl is not installed',
  }, () => {
    const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', 'deploy/kubernetes'], {
      cwd: root,
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
    assert.equal(stdout.match(/^kind: /gm)?.length, manifests.length - 1)
  })
})

describe('probes', () => {
  let server: Awaited<ReturnType<typeof openTestServer>>
  let address = ''
  before(async () => {
    server = await openTestServer()
    address = await server.server.listen()
  })
  after(() => server.close())
  const probed = ['startupProbe', 'readinessProbe', 'livenessProbe'].map((name) => container[name]?.httpGet as Part)
  const inImage = /127\.0\.0\.1:\$\{process\.env\.PORT\}(\/\w+)/.exec(read('Dockerfile'))?.[1] ?? ''
  for (const path of new Set([...probed.map(({ path }) => String(path)), inImage]))
    it(`${path} answers`, async () => {
      const { status } = await fetch(`${address}${path}`)
      // A store in memory has no base content yet: not ready is an answer of /ready alone.
      assert.ok(status === 200 || (path === '/ready' && status === 503), String(status))
    })
  it('are told the port by its name', () => {
    for (const { port } of probed) assert.equal(port, container.ports?.[0]?.name)
  })
})

describe('systemd', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-units-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const lacks = spawnSync('systemd-analyze', ['--version']).status !== 0 && 'systemd-analyze is not installed'

  it('accepts the units', { skip: lacks }, () => {
    const units = readdirSync(join(root, 'deploy/systemd')).filter((name) => /\.(service|timer)$/.test(name))
    for (const name of units)
      writeFileSync(join(folder, name), read('deploy/systemd', name).replaceAll('/opt/vidimus', root))
    const paths = units.map((name) => join(folder, name))
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    assert.doesNotMatch(stderr, /vidimus.*(?:Unknown|Failed|not executable)/)
  })

  it('starts what is there, with the pinned Node', () => {
    for (const name of ['vidimus.service', 'vidimus-backup.service']) {
      const unit = read('deploy/systemd', name)
      assert.match(unit, /node_modules\/node\/bin\/node (?:\/opt\/vidimus\/)?src\/vidimus\.js (?:serve|backup)/)
      for (const path of unit.matchAll(/\/opt\/vidimus\/([\w./-]+)/g))
        assert.ok(existsSync(join(root, path[1] ?? '')), path[1])
    }
  })

  it('waits longer than the server for requests under way', () => {
    const [, seconds] = /TimeoutStopSec=(\d+)/.exec(read('deploy/systemd/vidimus.service')) ?? []
    const { drainSeconds } = readConfig({ NODE_ENV: 'production' })
    assert.ok(drainSeconds > 0)
    assert.ok(Number(seconds) * 1000 > 2 * (drainSeconds * 1000 + finishMilliseconds))
    assert.ok(Number(pod.terminationGracePeriodSeconds) === Number(seconds))
  })
})

describe('container image', () => {
  it('copies what is in the repository or was made before', () => {
    const lines = read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)
    const sources = [...lines].flatMap(([, paths = '']) => paths.split(' '))
    assert.ok(sources.length > 5)
    for (const path of sources) assert.ok(existsSync(join(root, path)), path)
    const ignored = read('.dockerignore').split('\n').filter(Boolean)
    assert.deepEqual(
      sources.filter((path) => ignored.includes(path.replace(/^\.\//, ''))),
      [],
    )
  })

  it('has the Node of the lockfile, an ordinary user and everything that `files` of package.json names', () => {
    const docker = read('Dockerfile')
    const { devDependencies, files } = JSON.parse(read('package.json')) as {
      devDependencies: { node: string }
      files: string[]
    }
    const [major] = devDependencies.node.split('.')
    assert.deepEqual(new Set(namesIn(docker, /^FROM node:(\d+)/gm)), new Set([major]))
    assert.match(docker, /^USER node$/m)
    for (const file of files) assert.match(docker, new RegExp(`COPY .*${file.replace('.', '\\.')}`), file)
  })

  it('is run over a file system that can only be read, at the port that is published', () => {
    const compose = parse(read('docker-compose.yml'), { merge: true }) as {
      services: { vidimus: { read_only: boolean; ports: string[] } }
    }
    const { read_only, ports } = compose.services.vidimus
    assert.equal(read_only, true)
    assert.match(read('Dockerfile'), new RegExp(`PORT=${ports[0]?.split(':')[1]}`))
  })
})

describe('several machines', () => {
  const services = (parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, Part> }).services
  const balancer = read('deploy/balancer/haproxy.cfg')

  it('of docker-compose are started when they are asked for: the default is one box', () => {
    const always = Object.keys(services).filter((name) => services[name]?.profiles === undefined)
    assert.deepEqual(always, ['vidimus'])
    for (const name of ['one', 'two', 'balancer', 'store']) assert.deepEqual(services[name]?.profiles, ['replicas'])
  })

  it('have one store, one address and a folder each, and are as hardened as the one box', () => {
    const { one, two, vidimus } = services
    assert.deepEqual(one?.environment, two?.environment)
    assert.match(String(one?.environment?.STORAGE_URL), /^mongodb:\/\/store:27017\/vidimus\?replicaSet=rs0$/)
    assert.notDeepEqual(one?.volumes, two?.volumes)
    for (const name of ['read_only', 'cap_drop', 'security_opt', 'stop_grace_period', 'tmpfs'])
      assert.deepEqual([one?.[name], two?.[name]], [vidimus?.[name], vidimus?.[name]], name)
    readConfig({
      NODE_ENV: 'production',
      DATA_DIR: tmpdir(),
      ...(one?.environment as unknown as Record<string, string>),
    })
  })

  it('are reached by the balancer at the port of the image, as long as they are ready', () => {
    const port = /PORT=(\d+)/.exec(read('Dockerfile'))?.[1]
    for (const name of ['one', 'two']) assert.match(balancer, new RegExp(`server ${name} ${name}:${port}$`, 'm'))
    assert.match(balancer, /option httpchk GET \/ready/)
    const [, seconds] = /timeout server (\d+)s/.exec(balancer) ?? []
    assert.ok(Number(seconds) > readConfig({}).connectionLimits.replySeconds)
    const published = services.balancer?.ports?.[0]
    assert.match(String(published), new RegExp(`:${/bind :(\d+)/.exec(balancer)?.[1]}$`))
  })

  it('of Kubernetes are as docs/operator.md shows them', () => {
    const blocks = [...read('docs/operator.md').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text)
    const [patch] = blocks
      .flatMap((text) => parseAllDocuments(text))
      .map((each) => {
        assert.deepEqual(each.errors, [])
        return each.toJS() as Part
      })
    assert.equal(patch?.kind, 'Deployment')
    assert.ok(Number(patch?.spec?.replicas) > 1)
    assert.equal(Number(patch?.spec?.strategy?.rollingUpdate?.maxUnavailable), 0)
    const data = patch?.spec?.template?.spec?.volumes?.[0]
    assert.deepEqual([data?.name, Object.keys(data ?? {}).includes('emptyDir')], ['data', true])
  })
})
