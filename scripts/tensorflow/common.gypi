# What node-gyp would find beside Node's own headers. The addon needs Node-API alone, whose headers come from npm, so
# that no Node headers need to be on this machine.
{
  'target_defaults': {
    'default_configuration': 'Release',
    'configurations': {'Release': {'cflags': ['-O2'], 'cflags_cc': ['-std=gnu++17']}},
  },
}
