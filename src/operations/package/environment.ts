/** How the operations of this folder look at what an artefact leans on. */
import type { OperationCall } from '../../fhir/operation.ts'
import type { Issue, Resource } from '../../fhir/types.ts'
import { namedBy } from '../../publish/dependencies/named.ts'
import type { VersionBindings } from '../../publish/package/bindings.ts'
import { finder } from '../../publish/package/find.ts'
import type { PackageEnvironment } from '../../publish/package/package.ts'
import type { OperationContext } from '../context.ts'

/** A tree's environment within the budget of a call; faults of rule texts are added to `faults`. */
export function treeEnvironment(
  call: OperationCall,
  context: OperationContext,
  { root, bindings, faults }: { root: Resource; bindings: VersionBindings; faults: Issue[] },
): PackageEnvironment {
  const budget = call.budget?.()
  const find = finder({ storage: context.storage, terminology: context.terminology, bindings, root })
  const counted = <T>(work: () => Promise<T>): Promise<T> => (budget ? budget.runAsync(work) : work())
  const { references } = context.rules
  const named = namedBy({
    references: async (library) => {
      const read = await references(library)
      const name = library.url ?? library.id ?? 'Library'
      for (const each of read.issues)
        faults.push({ ...each, details: { ...each.details, text: `${name}: ${each.details?.text ?? each.code}` } })
      return read
    },
  })
  return {
    find: (reference, from) => counted(() => find(reference, from)),
    named,
    ...(budget ? { run: (steps) => budget.runSteps(steps) } : {}),
    expand: (parameters) => context.terminology.expand(parameters, { budget }),
  }
}
