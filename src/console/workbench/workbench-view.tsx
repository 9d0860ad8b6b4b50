/** The view workbench: rules and maps are written, tried and published here. */
import { useEffect, useState } from 'preact/hooks'
import type { Fault } from '../api/client.ts'
import { go, place } from '../app/router.ts'
import { texts } from '../languages/languages.ts'
import { FaultNotice } from '../parts/fault.tsx'
import { Bench } from './bench.tsx'
import { draft, open } from './desk.ts'
import { DiscardDialog } from './discard-dialog.tsx'
import { isChanged } from './document/artefacts.ts'
import { EclBench } from './ecl/ecl-bench.tsx'
import { loadDraft, type Wanted } from './load.ts'
import { StartPage } from './start-page.tsx'

/** What the address names. */
function wantedIn(query: URLSearchParams): Wanted | undefined {
  const names = { library: 'Library', plan: 'PlanDefinition', map: 'StructureMap' } as const
  for (const name of ['library', 'plan', 'map'] as const) {
    const id = query.get(name)
    if (id) return { type: names[name], id }
  }
  return undefined
}

/** The view workbench. */
export function View() {
  const { workbench, shell } = texts()
  const { query } = place.value
  const wanted = wantedIn(query)
  const key = wanted && `${wanted.type}/${wanted.id}`
  const [fault, setFault] = useState<Fault>()
  const [round, setRound] = useState(0)
  const [isAllowed, allow] = useState(false)
  // What is on the bench is not taken away by an address.
  const mustAsk = key !== undefined && !isAllowed && draft.value !== undefined && isChanged(draft.value)
  useEffect(() => {
    setFault(undefined)
    if (!wanted || mustAsk) return undefined
    const controller = new AbortController()
    void loadDraft(wanted, controller.signal).then((reply) => {
      if (controller.signal.aborted) return
      allow(false)
      if (reply.fault) return setFault(reply.fault)
      open(reply.value)
      go('/workbench', { replace: true })
    })
    return () => controller.abort()
  }, [key, round, mustAsk])
  if (query.has('ecl'))
    return (
      <div class="workbench">
        <h1>{workbench.ecl.title}</h1>
        <EclBench />
      </div>
    )
  return (
    <div class="workbench">
      <h1>{workbench.title}</h1>
      {mustAsk && (
        <DiscardDialog
          answer={(isYes) => {
            if (isYes) allow(true)
            else go('/workbench', { replace: true })
          }}
        />
      )}
      {fault && <FaultNotice fault={fault} again={() => setRound((count) => count + 1)} />}
      {key && !fault && !mustAsk && <p class="waiting">{shell.loading}</p>}
      {(!key || mustAsk) && draft.value && <Bench draft={draft.value} />}
      {!draft.value && (!key || fault) && <StartPage />}
    </div>
  )
}
