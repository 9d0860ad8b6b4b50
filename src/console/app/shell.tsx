/** The frame: navigation, settings, the view of the address, and what is read aloud. */

import type { ComponentType } from 'preact'
import { lazy, Suspense } from 'preact/compat'
import { useEffect, useErrorBoundary, useRef, useState } from 'preact/hooks'
import { texts } from '../languages/languages.ts'
import { CodeRefused } from '../parts/code-refused.tsx'
import { Icon, type IconName } from '../parts/icon.tsx'
import { Notice } from '../parts/notice.tsx'
import { said } from '../parts/say.ts'
import { VerifyView } from '../verify/verify-view.tsx'
import { segments, type views } from './router.ts'
import { SettingsDialog } from './settings.tsx'

/** What a view is: a component that reads the rest of its address from the router. */
type View = ComponentType<Record<string, never>>

type ViewName = (typeof views)[number]

const shown: Record<ViewName, { icon: IconName; address: string; view: View }> = {
  verify: { icon: 'scan', address: '/', view: VerifyView },
  catalogue: { icon: 'book', address: '/catalogue', view: later(() => import('../catalogue/catalogue-view.tsx')) },
  workbench: { icon: 'tools', address: '/workbench', view: later(() => import('../workbench/workbench-view.tsx')) },
  trust: { icon: 'shield', address: '/trust', view: later(() => import('../trust/trust-view.tsx')) },
  status: { icon: 'pulse', address: '/status', view: later(() => import('../status/status-view.tsx')) },
  manual: { icon: 'manual', address: '/manual', view: later(() => import('../manual/manual-view.tsx')) },
}

/** A view whose program is loaded when it is first opened. */
function later(load: () => Promise<{ View: View }>): View {
  return lazy(async () => ({ default: (await load()).View }))
}

const isView = (name: string | undefined): name is ViewName => name !== undefined && Object.hasOwn(shown, name)

/** The console. */
export function Shell() {
  const { shell, ...views } = texts()
  const [first] = segments.value
  const name: ViewName = isView(first) ? first : 'verify'
  const [isOpen, setOpen] = useState(false)
  const { view: CurrentView } = shown[name]
  const main = useRef<HTMLElement>(null)
  const isFirst = useRef(true)
  useEffect(() => {
    document.title = `${views[name].title} · vidimus`
    // Who hears the page is told where he is now; at the beginning the browser does that itself.
    if (!isFirst.current) main.current?.focus()
    isFirst.current = false
  }, [name])
  return (
    <>
      <a class="skip" href="#main">
        {shell.skip}
      </a>
      <header class="bar">
        <a class="brand" href="/">
          vidimus
        </a>
        <nav aria-label={shell.views}>
          {Object.entries(shown).map(([each, { icon, address }]) => (
            <a key={each} href={address} {...(each === name ? { 'aria-current': 'page' as const } : {})}>
              <Icon name={icon} />
              <span>{isView(each) ? views[each].title : ''}</span>
            </a>
          ))}
        </nav>
        <button
          type="button"
          class="quiet settings"
          onClick={() => setOpen(true)}
          aria-label={shell.settings}
          title={shell.settings}
        >
          <Icon name="settings" />
        </button>
      </header>
      <main id="main" class={`view-${name}`} ref={main} tabIndex={-1}>
        <CodeRefused at="page" />
        <Guarded key={name}>
          <Suspense fallback={<p class="waiting">{shell.loading}</p>}>
            <CurrentView />
          </Suspense>
        </Guarded>
      </main>
      <SettingsDialog isOpen={isOpen} close={() => setOpen(false)} />
      <div class="unseen" aria-live="polite">
        {said.value.polite}
      </div>
      <div class="unseen" aria-live="assertive">
        {said.value.urgent}
      </div>
    </>
  )
}

/** A view that broke shows nothing of what it had shown: half a verdict is none. */
function Guarded({ children }: { children: preact.ComponentChildren }) {
  const [error] = useErrorBoundary()
  const { shell } = texts()
  if (!error) return <>{children}</>
  return (
    <Notice kind="bad" isAlert head={shell.viewBroken}>
      <p>{shell.viewBrokenHint}</p>
      <button type="button" onClick={() => location.reload()}>
        {shell.reload}
      </button>
    </Notice>
  )
}
