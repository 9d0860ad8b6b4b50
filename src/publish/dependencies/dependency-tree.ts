/** Everything that an artefact leans on, directly or not. */
import { artefactName } from '../../fhir/artefact.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import { isPrimitive, isResource, typeInfo } from '../../fhir/elements.ts'
import { unprocessable } from '../../fhir/error.ts'
import type { Resource } from '../../fhir/types.ts'
import type { CanonicalReference } from './reference.ts'
import { referenceSteps } from './references.ts'

/** What became of looking for what is named. */
export type Found =
  | { resource: Resource }
  /** It is no artefact of this store, and known all the same: `why` says what it is. */
  | { known: string }
  /** It is not here, or may not be used: `why` ends a sentence about it. */
  | { absent: string }

/** A reference, and what it leads to. */
type FollowedReference = CanonicalReference & {
  /** Key of the artefact in {@link DependencyTree.nodes}. */
  target?: string
  /** What it is, where it is known without being an artefact of this store. */
  known?: string
  /** Why it leads nowhere. */
  absent?: string
}

/** One artefact of a tree. */
interface DependencyNode {
  /** `Type url|version`. */
  key: string
  resource: Resource
  /** References on the way from the root; 0 for the root. */
  depth: number
  /** Whether the root cannot be used without it; others are profiles and extensions. */
  isNeeded: boolean
  references: FollowedReference[]
}

/** The root first, then in the order in which they are first named, level by level. */
export interface DependencyTree {
  nodes: DependencyNode[]
  /** What is named and not there, each once: who names it first, and where. */
  missing: MissingDependency[]
}

/** Something that is named, and not there. */
interface MissingDependency extends CanonicalReference {
  /** `url|version` of the artefact that names it. */
  by: string
  /** Why, as the end of a sentence. */
  absent: string
  isNeeded: boolean
}

/** What {@link dependencyTree} is given. */
export interface TreeEnvironment {
  /** Finds what a reference names, as the caller binds versions; several for an import that names a pattern. Never nothing. */
  find(reference: CanonicalReference, from: Resource): Promise<Found[]>
  /** What the text of an artefact names: libraries, value sets and code systems of CQL. */
  named?(resource: Resource): Promise<CanonicalReference[]>
  /** Whether a reference is followed; default: all but those that say where an artefact comes from. */
  follows?(reference: CanonicalReference, from: Resource): boolean
  /** Works off steps within a budget; default: at once. */
  run?<T>(steps: Generator<void, T, void>): Promise<T>
  limits?: { artefacts: number; depth: number }
}

/** More than any rule set of the network leans on. */
const standardLimits = { artefacts: 2000, depth: 50 }

/**
 * The tree of a root, in which each artefact stands once, however often and in whatever circle it is named.
 * @throws FhirError 422 too-costly when it has more artefacts or levels than the limits
 */
export async function dependencyTree(root: Resource, environment: TreeEnvironment): Promise<DependencyTree> {
  const limits = environment.limits ?? standardLimits
  const nodes = new Map<string, DependencyNode>()
  const first: DependencyNode = { key: keyOf(root), resource: root, depth: 0, isNeeded: true, references: [] }
  nodes.set(first.key, first)
  // A Map gives what is added while it is walked, in that order.
  for (const node of nodes.values()) {
    for (const reference of await referencesOf(node.resource, environment)) {
      if (!(environment.follows ?? followsAll)(reference, node.resource)) continue
      const isNeeded = node.isNeeded && reference.role === 'needed'
      for (const found of await lookUp(reference, node.resource, environment)) {
        if (!('resource' in found)) {
          node.references.push({ ...reference, ...found })
          continue
        }
        const key = keyOf(found.resource)
        node.references.push({ ...reference, target: key })
        if (!nodes.has(key)) {
          checkSize({ artefacts: nodes.size + 1, depth: node.depth + 1 }, limits)
          nodes.set(key, { key, resource: found.resource, depth: node.depth + 1, isNeeded: false, references: [] })
        }
        if (isNeeded) markNeeded(key, nodes)
      }
    }
  }
  return { nodes: [...nodes.values()], missing: missingOf(nodes.values()) }
}

const followsAll = ({ role }: CanonicalReference): boolean => role !== 'related'

/** `Type url|version`: two artefacts of one url and version are one. */
const keyOf = (resource: Resource): string => `${resource.resourceType} ${artefactName(resource)}`

async function referencesOf(resource: Resource, { named, run }: TreeEnvironment): Promise<CanonicalReference[]> {
  const steps = referenceSteps(resource)
  const written = run ? await run(steps) : finish(steps)
  return [...written, ...((await named?.(resource)) ?? [])]
}

function finish<T>(steps: Generator<void, T, void>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

async function lookUp(reference: CanonicalReference, from: Resource, { find }: TreeEnvironment): Promise<Found[]> {
  return isOfFhir(reference) ? [{ known: 'it is a definition of FHIR R4 itself' }] : find(reference, from)
}

const definitions = 'http://hl7.org/fhir/StructureDefinition/'

/** The types of R4 and of FHIRPath, which every server has without storing them. */
function isOfFhir({ canonical, types }: CanonicalReference): boolean {
  if (types.length > 0 && !types.includes('StructureDefinition')) return false
  const { url, version } = parseCanonical(canonical)
  if (url.startsWith('http://hl7.org/fhirpath/System.')) return true
  if (!url.startsWith(definitions) || (version !== undefined && !version.startsWith('4.0'))) return false
  const name = url.slice(definitions.length)
  return !name.includes('.') && (isResource(name) || isPrimitive(name) || typeInfo(name) !== undefined)
}

/** A node that was first found on the way of a profile may be needed after all, and with it what it needs. */
function markNeeded(key: string, nodes: Map<string, DependencyNode>): void {
  const open = [key]
  for (const each of open) {
    const node = nodes.get(each)
    if (!node || node.isNeeded) continue
    node.isNeeded = true
    for (const { role, target } of node.references) if (role === 'needed' && target !== undefined) open.push(target)
  }
}

function checkSize(size: { artefacts: number; depth: number }, limits: { artefacts: number; depth: number }): void {
  const text =
    size.artefacts > limits.artefacts
      ? `The artefact leans on more than ${limits.artefacts} others.`
      : `The artefact leans on others more than ${limits.depth} levels deep.`
  if (size.artefacts > limits.artefacts || size.depth > limits.depth) throw unprocessable(text, 'too-costly')
}

function missingOf(nodes: Iterable<DependencyNode>): MissingDependency[] {
  const missing = new Map<string, MissingDependency>()
  for (const { resource, references, isNeeded: isUsed } of nodes)
    for (const { absent, target: _target, known: _known, ...reference } of references) {
      if (absent === undefined) continue
      const isNeeded = isUsed && reference.role === 'needed'
      const key = JSON.stringify([reference.types, reference.canonical])
      const told = missing.get(key)
      if (!told || (isNeeded && !told.isNeeded))
        missing.set(key, { ...reference, absent, by: artefactName(resource), isNeeded })
    }
  return [...missing.values()]
}
