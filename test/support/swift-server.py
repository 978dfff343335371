"""An S3 server for tests: OpenStack Swift with its S3 API, all of it in one process that keeps objects in memory.

    swift-server.py PORT USER SECRET BUCKET …

It ends when its standard input closes. Debian has it in python3-swift.
"""
import os
import shutil
import socket
import sys
import tempfile
import threading

import eventlet

eventlet.monkey_patch()

from eventlet import wsgi
from swift.common import utils
from swift.common.ring import RingBuilder

port, user, secret = int(sys.argv[1]), sys.argv[2], sys.argv[3]
directory = tempfile.mkdtemp(prefix='lyceum-swift-')


def write(name, text):
    path = os.path.join(directory, name)
    with open(path, 'w') as file:
        file.write(text)
    return path


def listen(at=0):
    return eventlet.listen(('127.0.0.1', at))


def serve(listener, app):
    eventlet.spawn(wsgi.server, listener, app, log=open(os.devnull, 'w'), max_size=1024)


def build_ring(name, port):
    builder = RingBuilder(1, 1, 0)
    builder.add_dev({'id': 0, 'region': 1, 'zone': 1, 'weight': 1, 'ip': '127.0.0.1', 'port': port, 'device': 'disk'})
    builder.rebalance()
    builder.get_ring().save(os.path.join(directory, name + '.ring.gz'))


os.makedirs(os.path.join(directory, 'disk'))
# Swift reads it from /etc/swift otherwise.
utils.SWIFT_CONF_FILE = write('swift.conf', '[swift-hash]\nswift_hash_path_suffix = test\n')
utils.validate_hash_conf()
settings = {'devices': directory, 'swift_dir': directory, 'mount_check': 'false', 'log_level': 'CRITICAL'}
from swift.account.server import AccountController
from swift.container.server import ContainerController
from swift.obj.mem_server import ObjectController

for name, controller in [('account', AccountController), ('container', ContainerController), ('object', ObjectController)]:
    listener = listen()
    build_ring(name, listener.getsockname()[1])
    serve(listener, controller(settings))

from swift.common.wsgi import loadapp

serve(listen(port), loadapp(write('proxy.conf', f'''
[DEFAULT]
swift_dir = {directory}
log_level = CRITICAL
[pipeline:main]
pipeline = catch_errors gatekeeper cache s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:cache]
use = egg:swift#memcache
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
[filter:tempauth]
use = egg:swift#tempauth
user_{user.replace(':', '_')} = {secret} .admin
[filter:slo]
use = egg:swift#slo
''')))
print('ready', flush=True)
try:
    eventlet.tpool.execute(sys.stdin.read)
finally:
    shutil.rmtree(directory, ignore_errors=True)
    os._exit(0)
