/* The two languages. zh-CN is complete by definition; `en` is checked against its shape by the compiler. */
import { createI18n } from 'vue-i18n'
import { ref, watch } from 'vue'
import liveEn from '@/live/locales/en'
import liveZh from '@/live/locales/zh-CN'
import en from '@/locales/en'
import zh from '@/locales/zh-CN'
import playbackEn from '@/playback/locales/en'
import playbackZh from '@/playback/locales/zh-CN'
import publishEn from '@/publish/locales/en'
import publishZh from '@/publish/locales/zh-CN'

export type Language = 'zh-CN' | 'en'

const STORAGE_KEY = 'mingjing.language'

function firstLanguage(): Language {
  const stored = localStorage.getItem(STORAGE_KEY)
  if (stored === 'zh-CN' || stored === 'en') return stored
  return navigator.language.toLowerCase().startsWith('en') ? 'en' : 'zh-CN'
}

export const language = ref<Language>(firstLanguage())

export const i18n = createI18n({
  legacy: false,
  locale: language.value,
  fallbackLocale: 'zh-CN',
  messages: {
    'zh-CN': { ...zh, live: liveZh, playback: playbackZh, publish: publishZh },
    en: { ...en, live: liveEn, playback: playbackEn, publish: publishEn },
  },
})

watch(
  language,
  (value) => {
    i18n.global.locale.value = value
    document.documentElement.lang = value
    localStorage.setItem(STORAGE_KEY, value)
  },
  { immediate: true },
)
