/* A page's filters and sorting, kept in the address: a reload, a bookmark or a colleague's link shows the same table. */
import { reactive, watch } from 'vue'
import { useRoute, useRouter, type LocationQuery } from 'vue-router'

function fromQuery<State extends Record<string, string>>(query: LocationQuery, defaults: State): State {
  const state: Record<string, string> = { ...defaults }
  for (const key of Object.keys(defaults)) {
    const value = query[key]
    if (typeof value === 'string') state[key] = value
  }
  return state as State
}

/** Two-way: the state follows the address (back, links), the address follows the state without filling the history. */
export function useUrlState<State extends Record<string, string>>(defaults: State): State {
  const route = useRoute()
  const router = useRouter()
  const home = route.name
  const state = reactive(fromQuery(route.query, defaults)) as State

  watch(
    () => route.query,
    (query) => {
      if (route.name === home) Object.assign(state, fromQuery(query, defaults))
    },
  )
  watch(
    () => ({ ...state }),
    (now) => {
      if (route.name !== home) return
      const query: Record<string, string> = {}
      for (const [key, value] of Object.entries(now)) if (value !== defaults[key]) query[key] = value
      void router.replace({ query })
    },
  )
  return state
}
