/* All words of the pages but the live wall's, which has its own folder. */
import problem from '@/locales/en/problem'
import shell from '@/locales/en/shell'

export default { ...problem, ...shell }
