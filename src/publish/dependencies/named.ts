/** What the text of a rule library names, as references of the Library. */
import type { Library, Resource } from '../../fhir/types.ts'
import type { Rules } from '../../rules/rules.ts'
import type { CanonicalReference } from './reference.ts'

/** A reference of a text: it may be known to lead nowhere, or to what this server makes itself. */
export type NamedReference = CanonicalReference & { isGenerated?: true; unknown?: string }

/** For {@link import('./dependency-tree.ts').TreeEnvironment.named}: nothing but libraries have a text that names others. */
export const namedBy =
  (rules: Pick<Rules, 'references'>) =>
  async (resource: Resource): Promise<NamedReference[]> =>
    resource.resourceType === 'Library' ? ofLibrary(resource, rules) : []

async function ofLibrary(library: Library, rules: Pick<Rules, 'references'>): Promise<NamedReference[]> {
  return asReferences((await rules.references(library)).names)
}

/** Names of a text, as references of its Library. */
export const asReferences = (names: Awaited<ReturnType<Rules['references']>>['names']): NamedReference[] =>
  names.map(({ type, canonical, content, isGenerated, unknown }) => ({
    canonical,
    path: `Library.content[${content}].data`,
    role: 'needed',
    element: 'Library.content.data',
    types: [type],
    ...(isGenerated ? { isGenerated } : {}),
    ...(unknown === undefined ? {} : { unknown }),
  }))
