import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { artefactCanonical } from '../../../src/fhir/artefact.ts'
import { parseCanonical } from '../../../src/fhir/canonical.ts'
import type { Resource, ValueSet } from '../../../src/fhir/types.ts'
import { dependencyTree, type TreeEnvironment } from '../../../src/publish/dependencies/dependency-tree.ts'

const set = (name: string, imports: string[], more: Partial<ValueSet> = {}): ValueSet => ({
  resourceType: 'ValueSet',
  status: 'active',
  url: `http://e/${name}`,
  version: '1',
  compose: { include: imports.map((each) => ({ valueSet: [`http://e/${each}`] })) },
  ...more,
})

/** Finds among resources by url and, where one is named, version. */
function among(resources: Resource[], more: Partial<TreeEnvironment> = {}): TreeEnvironment {
  return {
    find: async ({ canonical }) => {
      const { url, version } = parseCanonical(canonical)
      const resource = resources.find((each) => {
        const own = artefactCanonical(each)
        return own?.url === url && (version === undefined || own.version === version)
      })
      return [resource ? { resource } : { absent: 'it is not here' }]
    },
    ...more,
  }
}

describe('a tree of dependencies', () => {
  it('has each artefact once, level by level, whatever circles they are named in', async () => {
    const sets = [set('a', ['b', 'c']), set('b', ['d', 'a']), set('c', ['d']), set('d', ['b', 'd'])]
    const { nodes, missing } = await dependencyTree(sets[0] as Resource, among(sets))
    assert.deepEqual(
      nodes.map(({ key, depth }) => `${key} ${depth}`),
      ['ValueSet http://e/a|1 0', 'ValueSet http://e/b|1 1', 'ValueSet http://e/c|1 1', 'ValueSet http://e/d|1 2'],
    )
    assert.deepEqual(missing, [])
    assert.deepEqual(
      nodes[1]?.references.map(({ target }) => target),
      ['ValueSet http://e/d|1', 'ValueSet http://e/a|1'],
    )
  })

  it('tells what is missing, once, by the first that names it and where', async () => {
    const sets = [set('a', ['b', 'gone|2']), set('b', ['gone|2', 'gone|3'])]
    const { missing } = await dependencyTree(sets[0] as Resource, among(sets))
    assert.deepEqual(
      missing.map(({ canonical, by, path, absent, isNeeded }) => [canonical, by, path, absent, isNeeded]),
      [
        ['http://e/gone|2', 'http://e/a|1', 'ValueSet.compose.include[1].valueSet[0]', 'it is not here', true],
        ['http://e/gone|3', 'http://e/b|1', 'ValueSet.compose.include[1].valueSet[0]', 'it is not here', true],
      ],
    )
  })

  it('knows the definitions of FHIR itself by name, and takes nothing else for one', async () => {
    const url = (name: string) => `http://hl7.org/fhir/StructureDefinition/${name}`
    const model = (baseDefinition: string): Resource => ({
      resourceType: 'StructureDefinition',
      status: 'active',
      url: 'http://e/m',
      name: 'M',
      kind: 'logical',
      abstract: false,
      type: 'http://e/m',
      baseDefinition,
    })
    const known = async (base: string) => (await dependencyTree(model(base), among([]))).missing.length === 0
    for (const name of ['Patient', 'Element', 'string', 'Patient|4.0.1']) assert.ok(await known(url(name)), name)
    for (const name of ['Patient|5.0.0', 'Patients', 'Patient.contact', 'toString', 'vitalsigns'])
      assert.ok(!(await known(url(name))), name)
  })

  it('says of what it leads to whether it is needed: what only a profile leads to is not', async () => {
    const profile: Resource = {
      resourceType: 'StructureDefinition',
      status: 'active',
      url: 'http://e/profile',
      version: '1',
      name: 'P',
      kind: 'resource',
      abstract: false,
      type: 'ValueSet',
      baseDefinition: 'http://e/base',
      differential: { element: [{ id: 'x', path: 'x', binding: { strength: 'required', valueSet: 'http://e/b' } }] },
    }
    const claiming = (imports: string[]) => set('a', imports, { meta: { profile: ['http://e/profile'] } })
    const told = async (root: Resource) => {
      const { nodes, missing } = await dependencyTree(root, among([set('b', []), profile]))
      return [...nodes.slice(1), ...missing].map((each): [string, boolean] => [artefactOf(each), each.isNeeded])
    }
    const artefactOf = (each: { key: string } | { canonical: string }) => ('key' in each ? each.key : each.canonical)
    assert.deepEqual(await told(claiming([])), [
      ['StructureDefinition http://e/profile|1', false],
      ['ValueSet http://e/b|1', false],
      ['http://e/base', false],
    ])
    // The same set, found on the way of the profile first, and needed by another.
    const both = { ...claiming([]), compose: { include: [{ valueSet: ['http://e/b'] }] } }
    assert.deepEqual(new Map(await told(both)).get('ValueSet http://e/b|1'), true)
  })

  it('follows what the text of a library names as well, and no predecessors', async () => {
    const library: Resource = {
      resourceType: 'Library',
      status: 'active',
      type: {},
      url: 'http://e/l',
      relatedArtifact: [{ type: 'predecessor', resource: 'http://e/older' }],
    }
    const named: TreeEnvironment['named'] = async (resource) =>
      resource.resourceType === 'Library'
        ? [
            {
              canonical: 'http://e/b',
              path: 'Library.content[0].data',
              role: 'needed',
              element: '',
              types: ['ValueSet'],
            },
          ]
        : []
    const { nodes, missing } = await dependencyTree(library, among([set('b', [])], { named }))
    assert.deepEqual([nodes.map(({ key }) => key), missing], [['Library http://e/l', 'ValueSet http://e/b|1'], []])
  })

  it('ends as too costly beyond the artefacts and levels that it may have', async () => {
    const chain = Array.from({ length: 12 }, (_, index) => set(`s${index}`, index < 11 ? [`s${index + 1}`] : []))
    const tree = (artefacts: number, depth: number) =>
      dependencyTree(chain[0] as Resource, among(chain, { limits: { artefacts, depth } }))
    await assert.rejects(tree(11, 50), { status: 422, message: /more than 11 others/ })
    await assert.rejects(tree(50, 10), { status: 422, message: /more than 10 levels/ })
    assert.equal((await tree(12, 11)).nodes.length, 12)
  })
})
