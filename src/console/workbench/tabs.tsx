/** Pages of which one is shown, as tabs: arrow keys, Home and End walk through them (WAI-ARIA, tabs). */
import type { ComponentChildren } from 'preact'
import { useId, useRef } from 'preact/hooks'

interface Tab {
  key: string
  name: string
  /** A remark beside the name, e.g. that something was changed. */
  remark?: string | undefined
  content: ComponentChildren
}

interface TabsProps {
  label: string
  tabs: readonly Tab[]
  chosen: string
  choose(key: string): void
}

/** All pages stay as they are while another is shown. */
export function Tabs({ label, tabs, chosen, choose }: TabsProps) {
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const current = tabs.find(({ key }) => key === chosen)?.key ?? tabs[0]?.key
  const move = (event: KeyboardEvent) => {
    const at = tabs.findIndex(({ key }) => key === current)
    const isBack = getComputedStyle(event.currentTarget as Element).direction === 'rtl' ? 'ArrowRight' : 'ArrowLeft'
    const isOn = isBack === 'ArrowLeft' ? 'ArrowRight' : 'ArrowLeft'
    const last = tabs.length - 1
    const next = { [isBack]: at === 0 ? last : at - 1, [isOn]: at === last ? 0 : at + 1, Home: 0, End: last }[event.key]
    const tab = next === undefined ? undefined : tabs[next]
    if (!tab) return
    event.preventDefault()
    choose(tab.key)
    list.current?.querySelector<HTMLElement>(`[data-key="${tab.key}"]`)?.focus()
  }
  return (
    <div class="bench-tabs">
      <div class="tab-list" role="tablist" aria-label={label} ref={list} onKeyDown={move}>
        {tabs.map(({ key, name, remark }) => (
          <button
            key={key}
            type="button"
            role="tab"
            id={`${id}-tab-${key}`}
            data-key={key}
            aria-selected={key === current}
            aria-controls={`${id}-page-${key}`}
            tabIndex={key === current ? 0 : -1}
            onClick={() => choose(key)}
          >
            <bdi>{name}</bdi>
            {remark && <span class="tab-remark">{remark}</span>}
          </button>
        ))}
      </div>
      {tabs.map(({ key, content }) => (
        <div
          key={key}
          role="tabpanel"
          id={`${id}-page-${key}`}
          aria-labelledby={`${id}-tab-${key}`}
          hidden={key !== current}
        >
          {content}
        </div>
      ))}
    </div>
  )
}
